/** What every SRT session of the uplink is opened with: alone, as one of two, or as a group. */
import type { DestinationConfig } from '../../config/networks.ts';
import { bufferPacketBytes, type SrtOptions } from './options.ts';

/** Two long round trips and the receiver's own start. */
export const connectMsMax = 3000;
/** libsrt's own limit of silence: a path that comes back within it finds its session alive. */
const peerIdleMsMax = 5000;
/** libsrt's least. Nothing comes back but control packets, and its own window and buffer take 600 kB a session. */
const receivedPackets = 32;

export function callerOptions(destination: Pick<DestinationConfig, 'latencyMs' | 'streamId' | 'passphrase' | 'keyLengthBits'>): SrtOptions {
  const { latencyMs, streamId, passphrase, keyLengthBits } = destination;
  return {
    latencyMs,
    streamId,
    passphrase,
    ...(passphrase === undefined ? {} : { keyLengthBits }),
    connectTimeoutMs: connectMsMax,
    peerIdleTimeoutMs: peerIdleMsMax,
    flightWindowPackets: receivedPackets,
    receiveBufferBytes: receivedPackets * bufferPacketBytes,
  };
}
