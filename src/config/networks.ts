/** Settings of the way out: paths, the choice among destinations, destinations. */
import { z } from 'zod';
import { modes } from '../model/modes.ts';
import { host, id, interfaceName, port, setting, srtSettings } from './setting.ts';

export const pathSchema = z.strictObject({
  id: setting(id, 'A short name, unique among the paths.', { applies: 'reconnect', example: 'eth' }),
  enabled: setting(z.boolean().default(true), 'A path that is not enabled is not used.', { applies: 'reconnect' }),
  interface: setting(interfaceName.optional(), 'Network interface that the path’s sockets are bound to. Without it the routing table chooses.', {
    applies: 'reconnect',
    example: 'eth0',
  }),
  match: setting(
    z
      .strictObject({
        usbPath: setting(
          z
            .string()
            .regex(/^\d+-\d+(\.\d+)*$/, 'use bus and ports as in /sys/bus/usb/devices, such as 1-1.2')
            .optional(),
          'The USB socket that it is plugged into.',
          { applies: 'reconnect', example: '1-1.2' },
        ),
        mac: setting(
          z
            .string()
            .regex(/^([0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}$/, 'use a MAC address such as 02:00:5e:10:00:01')
            .optional(),
          'Its MAC address.',
          {
            applies: 'reconnect',
          },
        ),
        driver: setting(z.string().min(1).max(64).optional(), 'Its driver in the kernel.', { applies: 'reconnect', example: 'qmi_wwan' }),
        serial: setting(z.string().min(1).max(128).optional(), 'Serial number of the USB device; of many modems it is the IMEI.', { applies: 'reconnect' }),
      })
      .refine((match) => Object.values(match).some((one) => one !== undefined), 'name at least one property: usbPath, mac, driver or serial')
      .optional(),
    'Instead of interface: the interface that has all these properties, whatever its name is now. For USB modems that come back under another name.',
    { applies: 'reconnect' },
  ),
  via: setting(
    z
      .strictObject({ host: setting(host, 'Host name or address.', { applies: 'reconnect' }), port: setting(port, 'UDP port.', { applies: 'reconnect' }) })
      .optional(),
    'Another remote address for this path than the destination’s.',
    { applies: 'reconnect' },
  ),
  priority: setting(
    z.int().min(0).max(100).default(10),
    'Lower is preferred. In bonded mode a path with a higher number helps only as far as it is needed; equal ones share. Modes that use one path at a time take the lowest that works.',
    { applies: 'reconnect' },
  ),
  maxKbps: setting(z.int().min(50).max(1_000_000).optional(), 'Never more than this over the path, everything counted.', {
    unit: 'kbit/s',
    applies: 'reconnect',
  }),
  allowanceMb: setting(z.int().min(1).max(100_000_000).optional(), 'Data that the path may use in a calendar month, both directions. Then it is stopped.', {
    unit: 'MB',
    applies: 'live',
  }),
  allowanceWarnPct: setting(z.int().min(1).max(100).default(80), 'Warn when so much of the allowance is used.', { unit: '%', applies: 'live' }),
  mtuBytes: setting(z.int().min(576).max(1500).default(1500), 'Largest IP packet that the path carries. The payload shrinks in steps of 188 bytes.', {
    unit: 'byte',
    applies: 'reconnect',
  }),
});
export type PathConfig = z.infer<typeof pathSchema>;

/** Between destinations, and in standby mode between paths. */
export const failoverSchema = z.strictObject({
  mode: setting(
    z.enum(['standby', 'score', 'all']).default('standby'),
    'standby: the first destination in the list that works. score: the best connected one. all: the program goes to all of them.',
    { applies: 'daemon' },
  ),
  spare: setting(
    z.enum(['cold', 'connected']).default('cold'),
    'Whether destinations that do not have the program are connected all the same. cold: the next one is called when the one in use fails, and hung up 10 s after the return. connected: it has the program with the next packet; costs keepalives. With score all are connected.',
    { applies: 'daemon' },
  ),
  holdDownMs: setting(z.int().min(0).max(600_000).default(10_000), 'A preferred one must have worked for this long before it is returned to.', {
    unit: 'ms',
    applies: 'daemon',
  }),
  holdDownMsMax: setting(
    z.int().min(0).max(3_600_000).default(300_000),
    'The hold-down doubles with each failure that comes soon after the last, up to this.',
    {
      unit: 'ms',
      applies: 'daemon',
    },
  ),
  deadPinMs: setting(z.int().min(0).max(86_400_000).default(0), 'A pin on a path that has not worked for this long is taken away. 0: never.', {
    unit: 'ms',
    applies: 'daemon',
  }),
  marginPoints: setting(z.int().min(0).max(100).default(15), 'With score another destination must be better by this many points of 100.', {
    applies: 'daemon',
  }),
});
export type FailoverConfig = z.infer<typeof failoverSchema>;

export const destinationSchema = z.strictObject({
  id: setting(id, 'A short name, unique among the destinations.', { applies: 'daemon', example: 'cloud' }),
  enabled: setting(z.boolean().default(true), 'A destination that is not enabled is not called.', { applies: 'daemon' }),
  mode: setting(
    z.enum(modes).default('bonded'),
    'bonded: one SRT session over SRTLA, the paths add up. redundant: the same, every packet on every path. standby: plain SRT over the best path, the next one connected already. dual: plain SRT over each path, all of them carry the program. broadcast, backup: a group of SRT sockets, for receivers with SRT bonding (needs libsrt with bonding: tandem doctor says).',
    { applies: 'reconnect' },
  ),
  paths: setting(z.array(id).min(1).max(8).optional(), 'Ids of the paths that it may be reached over; default: all.', {
    applies: 'reconnect',
    example: ['eth', 'lte'],
  }),
  spare: setting(
    z.enum(['connected', 'cold']).default('connected'),
    'Whether in standby mode a connection over the next path is kept ready. cold: for servers that end the first sender of a stream when a second one calls; the program then stays on the other path until that one fails.',
    { applies: 'reconnect' },
  ),
  host: setting(host, 'Host name or address of the gateway.', { applies: 'reconnect', example: 'gateway.example.net' }),
  port: setting(port, 'UDP port: of the SRTLA receiver, or in the other modes of the SRT listener.', { applies: 'reconnect', example: 5000 }),
  duplicatePct: setting(
    z.int().min(0).max(100).default(20),
    'bonded: room that is to spare is used to send key frames, sound and what was lost a second time over another path; never more than this share of the program.',
    { unit: '%', applies: 'reconnect' },
  ),
  ...srtSettings('reconnect'),
});
export type DestinationConfig = z.infer<typeof destinationSchema>;
