/**
 * The one closed list of reasons. Log, event, MQTT and page share it; nothing parses text to learn what happened.
 * The sentence is what a person reads when no better detail is at hand.
 */
import { z } from 'zod';

export const reasonTexts = {
  // Life of a process or of a thing that was asked for.
  starting: 'is starting',
  started: 'has started',
  stopped: 'was stopped on request',
  requested: 'a person or a script asked for it',
  'config-changed': 'the configuration changed',
  recovered: 'works again',
  preferred: 'is the most preferred one that works',
  restarted: 'was restarted',
  killed: 'ended by a signal',
  crashed: 'ended by itself with an error',
  hung: 'stopped answering',
  pinned: 'a person pinned it',
  'pinned-dead': 'is pinned but does not work',
  // Inputs.
  'end-of-stream': 'the source ended',
  'worker-exited': 'the encoder process ended',
  'worker-hung': 'the encoder process stopped answering',
  'source-missing': 'the source does not exist',
  'source-busy': 'the source is in use by another program',
  'source-denied': 'access to the source was refused',
  'source-refused': 'the source refused the connection',
  'source-unreachable': 'the source cannot be reached',
  'source-closed': 'the source closed the connection',
  'source-waiting': 'no sender has connected yet',
  'format-unsupported': 'the format of the source is not supported',
  'element-missing': 'a GStreamer element is not installed',
  'encoder-failed': 'the encoder reported an error',
  'pipeline-error': 'the GStreamer pipeline reported an error',
  'no-data': 'no data arrives',
  'low-bitrate': 'the bitrate is far below what is expected',
  'cadence-low': 'pictures arrive too slowly',
  'frozen-picture': 'the picture does not change',
  'black-picture': 'the picture is black',
  silence: 'there is no sound',
  'continuity-errors': 'packets are missing in the stream',
  // Paths.
  'interface-missing': 'the network interface does not exist',
  'carrier-lost': 'the network interface has no carrier',
  'no-address': 'the network interface has no address',
  'send-error': 'the network refuses packets',
  'path-silent': 'nothing comes back over this network',
  registering: 'is registering with the gateway',
  'registration-refused': 'the gateway refused the registration',
  'gateway-full': 'the gateway has no room for another connection',
  // Destinations.
  connecting: 'is connecting',
  connected: 'is connected',
  unreachable: 'does not answer',
  'name-unresolved': 'the name cannot be resolved',
  rejected: 'the other end rejected the connection',
  'bad-secret': 'the passphrase does not match',
  'session-closed': 'the other end closed the session',
  'session-broken': 'the session broke',
  'no-path': 'no network path is up',
  'send-buffer-full': 'the uplink carries less than the program needs',
  // Program.
  'on-air': 'the program is delivered',
  'no-input': 'no input works',
  'no-uplink': 'no destination is connected',
  // The box.
  'broker-lost': 'the MQTT broker cannot be reached',
  'certificate-refused': 'a certificate was not accepted',
  'not-authorised': 'the broker does not allow it',
  'port-taken': 'another program uses the port',
  'media-lost': 'the media daemon does not answer',
  'temperature-high': 'the box is too hot',
  throttled: 'the processor is throttled',
  'under-voltage': 'the power supply is too weak',
  'disk-full': 'the disk is full',
  'disk-error': 'the disk reports errors',
  'memory-low': 'memory is short',
  'cpu-busy': 'the processor is busy',
  'clock-unset': 'the clock is not synchronised',
  'modem-lost': 'the modem is gone',
  'signal-poor': 'the radio signal is poor',
  unsupported: 'this machine cannot do it',
  expired: 'it came too late',
  busy: 'too much was asked for at once',
  invalid: 'what was asked for is not valid',
  internal: 'an error in Tandem itself',
} as const;

export type Reason = keyof typeof reasonTexts;

export const reasonSchema = z.enum(Object.keys(reasonTexts) as [Reason, ...Reason[]]).describe('why, from one closed list');
