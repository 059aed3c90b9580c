/** Performs commands. The mapped type makes a new command fail to compile until something performs it. */
import { monoMs } from '../clock.ts';
import type { Command, CommandName, CommandReply } from '../model/command.ts';
import { notice } from '../model/event.ts';
import type { Reason } from '../model/reasons.ts';
import type { MediaDaemon } from './daemon.ts';
import type { Asker } from './rehearsals.ts';

type Performer<N extends CommandName> = (daemon: MediaDaemon, command: Extract<Command, { name: N }>, asker: Asker) => CommandReply | Promise<CommandReply>;

const done = (text: string): CommandReply => ({ ok: true, reason: 'requested', text });
const refused = (reason: Reason, text: string): CommandReply => ({ ok: false, reason, text });

const performers: { [N in CommandName]: Performer<N> } = {
  start: (daemon) => {
    daemon.goOnAir();
    return done('going on air');
  },
  stop: async (daemon) => {
    await daemon.goOffAir();
    return done('off air');
  },
  'pin-input': (daemon, { input, forMs }) => {
    if (!daemon.inputs.has(input)) return noSuchInput(daemon, input);
    const pin = daemon.pin(input, forMs ?? null);
    const until = forMs === undefined ? '' : `, for ${Math.round(forMs / 1000)} s`;
    if (pin === null || pin.reason === 'pinned') return done(`${pin?.text ?? input}${until}`);
    return { ok: true, reason: pin.reason, text: `${pin.text}${until}` };
  },
  'unpin-input': (daemon) => {
    daemon.pin(null, null);
    return done('the engine chooses again');
  },
  'pin-path': (daemon, { path, forMs }) => {
    const { pathIds, pins } = daemon.uplink;
    if (!pathIds.includes(path)) return refused('invalid', `there is no path ${path}; there are: ${pathIds.join(', ') || 'none'}`);
    const pin = pins.pin(path, forMs ?? null, monoMs());
    if (pin === null || pin.reason === 'unsupported') return refused('unsupported', pin?.text ?? '');
    const until = forMs === undefined ? '' : `, for ${Math.round(forMs / 1000)} s`;
    return { ok: true, reason: pin.reason === 'pinned' ? 'requested' : pin.reason, text: `${pin.text}${until}` };
  },
  'unpin-path': (daemon) => {
    daemon.uplink.pins.pin(null, null, monoMs());
    return done('all paths are used again');
  },
  'restart-worker': (daemon, { input }) => {
    const known = daemon.inputs.get(input);
    if (known === undefined) return noSuchInput(daemon, input);
    known.restart('requested');
    return done(`the encoder process of ${input} restarts`);
  },
  'set-bitrate': (daemon, { kbps }) => {
    daemon.setVideoKbps(kbps);
    return done(`video bitrate ${kbps} kbit/s`);
  },
  'set-mode': (daemon, { destination, mode }) =>
    daemon.uplink.setMode(destination, mode)
      ? done(`${destination} goes over to ${mode} as soon as that stands`)
      : refused('invalid', `there is no destination ${destination}; there are: ${daemon.uplink.destinationIds.join(', ') || 'none'}`),
  'key-frame': (daemon) => {
    const input = daemon.inputs.get(daemon.onAir ?? '');
    if (input === undefined) return refused('no-input', 'nothing is on air');
    input.requestKeyFrame();
    return done('asked for a key frame');
  },
  rehearse: (daemon, request, asker) => daemon.rehearsals.start(request, asker),
  'stop-rehearsal': (daemon, _, { from: who }) =>
    daemon.rehearsals.stop({ reason: 'stopped', text: `${who} asked for it` })
      ? done('the rehearsal is over, and all is put back')
      : refused('stopped', 'no rehearsal runs'),
  'set-log-level': (daemon, command) => {
    if (command.daemon !== 'media') return refused('unsupported', 'the media daemon sets its own level alone');
    daemon.log.level = command.level;
    return done(`the media daemon logs from ${command.level} up`);
  },
  snapshot: async (daemon, command) => {
    const id = command.input ?? daemon.onAir;
    const input = daemon.inputs.get(id ?? '');
    if (input === undefined) return id === null ? refused('no-input', 'nothing is on air') : noSuchInput(daemon, id);
    const jpeg = await input.snapshot();
    return { ...done(`a picture of ${id}`), jpegBase64: jpeg.toString('base64') };
  },
};

/** Never rejects: what goes wrong is in the reply. Commands that change something become events. */
export async function performCommand(daemon: MediaDaemon, command: Command, asker: Asker): Promise<CommandReply> {
  let reply: CommandReply;
  try {
    reply = await (performers[command.name] as Performer<CommandName>)(daemon, command as never, asker);
  } catch (error) {
    reply = refused('internal', `${command.name}: ${(error as Error).message}`);
  }
  if (command.name !== 'snapshot')
    daemon.report(
      notice({
        severity: 'info',
        subject: { kind: 'command', id: command.name },
        what: 'command',
        to: reply.ok ? 'done' : 'refused',
        reason: reply.reason,
        text: `${asker.from} asked for ${command.name}: ${reply.text}`,
      }),
    );
  return reply;
}

function noSuchInput(daemon: MediaDaemon, id: string): CommandReply {
  return refused('invalid', `there is no input ${id}; there are: ${[...daemon.inputs.keys()].join(', ') || 'none'}`);
}
