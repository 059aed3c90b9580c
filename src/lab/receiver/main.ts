/** A plain receiver's process: SRTLA in front of a libsrt listener with libsrt's own defaults, MPEG-TS to a UDP port. What a stranger's gateway is at its simplest. */
import { pino } from 'pino';
import { monoMs } from '../../clock.ts';
import { SrtlaReceiver } from '../../gateway/srtla/receiver.ts';
import { ReceiveBatch } from '../../uplink/srt/memory.ts';
import { SrtSocket } from '../../uplink/srt/socket.ts';
import { UdpBatchSocket } from '../../uplink/udp/socket.ts';
import { answerRequests } from '../child.ts';

const turnMs = 2;

answerRequests({
  start: ({ viewerPort }: { viewerPort: number }): number => {
    const listener = SrtSocket.open({ latencyMs: 20 });
    listener.bind('127.0.0.1', 0);
    listener.listen(4);
    const receiver = new SrtlaReceiver({
      host: '127.0.0.1',
      port: 0,
      forwardTo: { address: '127.0.0.1', port: listener.localPort() },
      reportEverywhere: false,
      onNotice: () => undefined,
      log: pino({ level: 'silent' }),
    });
    receiver.start();
    const batch = new ReceiveBatch();
    const out = UdpBatchSocket.open({ host: '127.0.0.1', connectTo: { address: '127.0.0.1', port: viewerPort } });
    let sender: SrtSocket | null = null;
    setInterval(() => {
      sender = listener.accept() ?? sender;
      if (sender === null) return;
      for (let count = sender.receive(batch); count > 0; count = sender.receive(batch)) {
        for (let i = 0; i < count; i++) out.queue(batch.bytes, batch.offsetOf(i), batch.lengths[i] as number, null);
        out.flush();
      }
    }, turnMs);
    return receiver.port;
  },
  monoMs,
});
