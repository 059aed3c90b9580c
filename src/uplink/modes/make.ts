/** The mode's name to what does it. The mapped type makes a new mode fail to compile until something carries it. */
import type { Mode } from '../../config/schema.ts';
import { Session } from '../session.ts';
import { Dual } from './dual.ts';
import { Group } from './group.ts';
import type { ModeCarrier, ModeCarrierOptions } from './mode-carrier.ts';
import { Standby } from './standby.ts';

const makers: { [M in Mode]: (options: ModeCarrierOptions) => ModeCarrier } = {
  bonded: (options) => new Session(options),
  redundant: (options) => new Session(options),
  standby: (options) => new Standby(options),
  dual: (options) => new Dual(options),
  broadcast: (options) => new Group(options, 'broadcast'),
  backup: (options) => new Group(options, 'backup'),
};

export const makeModeCarrier = (options: ModeCarrierOptions): ModeCarrier => makers[options.destination.mode](options);
