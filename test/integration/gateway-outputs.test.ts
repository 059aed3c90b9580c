/** The gateway's outputs and its streams, fed by ffmpeg over plain SRT. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeClip } from '../../src/lab/clip.ts';
import { freePort, Place, pictureHashes, type Running, until } from './processes.ts';

const format = { kbps: 1500, width: 320, height: 180, fps: 25, seconds: 6 };
const passphrase = 'a-passphrase-for-tests';
let place: Place;
let clip: string;
beforeEach(async () => {
  place = new Place();
  clip = await makeClip(format);
});
afterEach(() => place.end());

type Streams = object[];

async function gateway(streams: Streams, more: object = {}): Promise<{ running: Running; port: number }> {
  const port = await freePort();
  const config = { version: 1, gateway: { host: '127.0.0.1', srtlaPort: port, passphrase, ...more, streams } };
  const running = place.tandem('gateway', '--config', place.config('gateway.yaml', JSON.stringify(config)));
  await until('the gateway', () => running.said().includes('listens'));
  return { running, port };
}

function push(port: number, streamId = '', secret = passphrase, loops = 0, file = clip): Running {
  const url = `srt://127.0.0.1:${port}?mode=caller&latency=200000&passphrase=${secret}${streamId === '' ? '' : `&streamid=${streamId}`}`;
  return place.run('ffmpeg', ['-v', 'error', '-re', '-stream_loop', String(loops), '-i', file, '-c', 'copy', '-f', 'mpegts', url]);
}

const tsFiles = (folder: string): string[] => {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.ts'))
      .sort();
  } catch {
    return [];
  }
};

describe('the gateway', () => {
  it('records in files that roll, and keeps within its bytes', async () => {
    const directory = place.path('recordings');
    mkdirSync(directory);
    for (const n of [1, 2, 3]) writeFileSync(join(directory, `program-2020-0${n}.ts`), Buffer.alloc(6_000_000));
    writeFileSync(join(directory, 'other-2020-01.ts'), Buffer.alloc(100));
    const { running, port } = await gateway([{ id: 'program', outputs: [{ kind: 'file', directory, segmentSeconds: 2, keepBytes: 10_000_000 }] }]);
    const sender = push(port);
    expect(await sender.ended, sender.said()).toBe(0);
    running.child.kill('SIGTERM');
    expect(await running.ended).toBe(0);
    const files = tsFiles(directory).filter((name) => !name.includes('2020'));
    expect(files.length).toBeGreaterThanOrEqual(3);
    // The two oldest had to go; what is not this stream's is not touched.
    expect(tsFiles(directory)).toEqual(expect.arrayContaining(['other-2020-01.ts', 'program-2020-03.ts']));
    expect(tsFiles(directory)).not.toContain('program-2020-01.ts');
    // Put together again they are the stream.
    const joined = place.path('joined.ts');
    execFileSync('sh', ['-c', `cd ${directory} && cat ${files.join(' ')} > ${joined}`]);
    const [received, sent] = [pictureHashes(joined, { whole: false }), pictureHashes(clip)];
    // SRT gives up at a close what is still within its latency, and what a machine holds up.
    expect(received.length).toBeGreaterThan(sent.length - 40);
    expect(sent).toEqual(expect.arrayContaining(received.slice(0, -1)));
  });

  it('goes on when the disk of one output is full, says so once, and records again when there is room', async (context) => {
    if (process.getuid?.() !== 0) return context.skip('needs hardware: a small disk, which only root can make');
    const disk = place.path('disk');
    const good = place.path('good');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=300k', 'tmpfs', disk]);
    try {
      writeFileSync(join(disk, 'ballast'), Buffer.alloc(200_000));
      const { running, port } = await gateway([
        {
          id: 'program',
          outputs: [
            { kind: 'file', directory: disk },
            { kind: 'file', directory: good },
          ],
        },
      ]);
      const sender = push(port, '', passphrase, 20);
      await until('the full disk to be told', () => running.said().includes('ENOSPC'));
      for (const name of tsFiles(disk)) rmSync(join(disk, name));
      rmSync(join(disk, 'ballast'));
      execFileSync('mount', ['-o', 'remount,size=50m', disk]);
      await until('the recording to work again', () => running.said().includes('the recording works'));
      expect(running.said().split('ENOSPC').length - 1).toBeLessThanOrEqual(2);
      const before = tsFiles(good).reduce((sum, name) => sum + statSync(join(good, name)).size, 0);
      expect(before).toBeGreaterThan(500_000);
      expect(tsFiles(good)).toHaveLength(1);
      sender.child.kill('SIGKILL');
      running.child.kill('SIGTERM');
      expect(await running.ended, running.said()).toBe(0);
    } finally {
      execFileSync('umount', ['-l', disk]);
    }
  });

  it('calls an SRT listener on, and calls it again when it is back', async () => {
    const outPort = await freePort();
    const { running, port } = await gateway([{ id: 'program', outputs: [{ kind: 'srt', host: '127.0.0.1', port: outPort, latencyMs: 120 }] }]);
    const sender = push(port, '', passphrase, 10);
    const listen = (name: string) => {
      const file = place.path(name);
      const listener = place.run('sh', ['-c', `exec srt-live-transmit -q 'srt://127.0.0.1:${outPort}?mode=listener' file://con > ${file}`]);
      return { listener, size: () => statSync(file, { throwIfNoEntry: false })?.size ?? 0 };
    };
    const first = listen('first.ts');
    await until('the first listener to receive', () => first.size() > 100_000);
    first.listener.child.kill('SIGKILL');
    await first.listener.ended;
    const second = listen('second.ts');
    await until('the second listener to receive', () => second.size() > 100_000);
    expect(sender.child.exitCode).toBeNull();
    expect(running.child.exitCode).toBeNull();
  });

  it('takes several streams by their ids over SRTLA’s port and its own, and refuses who does not belong', async () => {
    const srtPort = await freePort();
    const folders = { one: place.path('one'), two: place.path('two') };
    const { running, port } = await gateway(
      [
        { id: 'one', streamId: 'first', outputs: [{ kind: 'file', directory: folders.one }] },
        { id: 'two', streamId: 'second', outputs: [{ kind: 'file', directory: folders.two }] },
      ],
      { srtPort },
    );
    const senders = [push(port, 'first'), push(srtPort, 'second')];
    const unknown = push(port, 'third', passphrase, 5);
    const thief = push(port, 'first', 'a-guessed-passphrase');
    expect(await thief.ended).not.toBe(0);
    await until('the refusal', () => running.said().includes('no stream has its stream id'));
    for (const sender of senders) expect(await sender.ended, sender.said()).toBe(0);
    unknown.child.kill('SIGKILL');
    running.child.kill('SIGTERM');
    expect(await running.ended).toBe(0);
    for (const folder of Object.values(folders))
      expect(pictureHashes(join(folder, tsFiles(folder)[0] as string), { whole: false }).length).toBeGreaterThan(120);
    expect(running.said()).not.toContain(passphrase);
    expect(running.said()).not.toMatch(/first|second/);
  });

  it('refuses a second sender of a live stream, and lets it take over once the first is gone', async () => {
    const { running, port } = await gateway([{ id: 'program', outputs: [{ kind: 'udp', host: '127.0.0.1', port: await freePort() }] }]);
    const first = push(port, '', passphrase, 20);
    await until('the first sender', () => running.said().includes(' sends"'));
    // Another program: the same one would be taken for another way of the first.
    const other = await makeClip({ ...format, fps: 20 });
    push(port, '', passphrase, 20, other);
    await until('the second to be refused', () => running.said().includes('another sender is live')).catch((error) => {
      throw new Error(`${error}\n${running.said()}`);
    });
    const third = push(port, '', passphrase, 20, other);
    await new Promise((resolve) => setTimeout(resolve, 500));
    first.child.kill('SIGKILL');
    await until('the third to take over', () => /in place of one that had gone silent|its sender is gone/.test(running.said()));
    expect(third.child.exitCode).toBeNull();
  });
});
