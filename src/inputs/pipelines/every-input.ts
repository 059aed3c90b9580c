/** For tests: one input of every template that there is. */
import { type InputConfig, inputSchema } from '../../config/schema.ts';

const audioDevice = 'hw:1,0';

export const everyInput: readonly InputConfig[] = [
  { id: 'a', kind: 'test', text: 'a "quoted" ! text' },
  { id: 'a', kind: 'picture', path: '/data/a picture.png' },
  { id: 'a', kind: 'picture', text: 'back "soon" ! really' },
  { id: 'a', kind: 'file', path: '/data/a file.mp4' },
  ...['auto', 'mjpeg', 'raw', 'h264'].map((format) => ({ id: 'a', kind: 'v4l2', format, audioDevice })),
  { id: 'a', kind: 'v4l2' },
  { id: 'a', kind: 'libcamera', audioDevice },
  { id: 'a', kind: 'argus', audioDevice },
  { id: 'a', kind: 'hdmi-csi', audioDevice },
  { id: 'a', kind: 'srt', port: 9710, passphrase: 'some passphrase', keyLengthBits: 256 },
  { id: 'a', kind: 'srt', mode: 'caller', host: '2001:db8::1', port: 9710 },
  { id: 'a', kind: 'rtmp', key: 'some-stream-key' },
  { id: 'a', kind: 'udp', host: '239.0.0.1', port: 5004 },
  ...['auto', 'tcp', 'udp'].map((transport) => ({ id: 'a', kind: 'rtsp', url: 'rtsp://192.0.2.7/x?a=b&c="d"', transport })),
].map((input) => inputSchema.parse(input));
