import { describe, expect, it } from 'vitest';
import { inputSchema } from '../../config/schema.ts';
import { explain, subject } from './explain.ts';

const camera = inputSchema.parse({ id: 'a', kind: 'v4l2' });

describe('what GStreamer says becomes a reason', () => {
  // Sentences of GStreamer 1.22 and its plugins.
  it.each([
    ['no element "nvv4l2h264enc"', 'element-missing'],
    ['Your GStreamer installation is missing a plug-in.', 'element-missing'],
    ["Device '/dev/video0' is busy", 'source-busy'],
    ["Could not open device '/dev/video0' for reading and writing.", 'source-missing'],
    ["Cannot identify device '/dev/video0'.", 'source-missing'],
    ['Unauthorized', 'source-denied'],
    ['Failed to connect. (Generic error)', 'source-refused'],
    ['Could not resolve server name.', 'source-unreachable'],
    ['This appears to be a text file', 'format-unsupported'],
    ['Could not determine type of stream.', 'format-unsupported'],
    ['streaming stopped, reason not-negotiated (-4)', 'format-unsupported'],
    ['something that nobody has met yet', 'pipeline-error'],
  ])('%s: %s', (message, reason) => {
    const failure = explain({ message, _src_element_name: 'x' }, camera);
    expect(failure.reason).toBe(reason);
    expect(failure.text).toContain(`camera /dev/video0: ${message}`);
  });

  it('an error of the encoder is told as such, whatever it says', () => {
    expect(explain({ message: 'no such file', _src_element_name: 'venc' }, camera).reason).toBe('encoder-failed');
  });
});

it('an input is named without user, password and query of its URL', () => {
  const url = 'rtsp://user:secret@camera:554/live?token=secret';
  expect(subject(inputSchema.parse({ id: 'a', kind: 'rtsp', url }))).toBe('RTSP rtsp://camera:554/live');
});
