/**
 * `struct CBytePerfMon` (SRT_TRACEBSTATS) of srt.h, libsrt 1.5, read in place. The layout is the C compiler's natural one: every member
 * aligned to its size, the same on x86_64 and arm64. Later versions only append, so the memory has room to spare.
 */
import { fixedMemory } from './memory.ts';

/** l: int64 or uint64. i: int. d: double. In the order of the header. */
const members = [
  ['msTimeStamp', 'l'],
  ['pktSentTotal', 'l'],
  ['pktRecvTotal', 'l'],
  ['pktSndLossTotal', 'i'],
  ['pktRcvLossTotal', 'i'],
  ['pktRetransTotal', 'i'],
  ['pktSentACKTotal', 'i'],
  ['pktRecvACKTotal', 'i'],
  ['pktSentNAKTotal', 'i'],
  ['pktRecvNAKTotal', 'i'],
  ['usSndDurationTotal', 'l'],
  ['pktSndDropTotal', 'i'],
  ['pktRcvDropTotal', 'i'],
  ['pktRcvUndecryptTotal', 'i'],
  ['byteSentTotal', 'l'],
  ['byteRecvTotal', 'l'],
  ['byteRcvLossTotal', 'l'],
  ['byteRetransTotal', 'l'],
  ['byteSndDropTotal', 'l'],
  ['byteRcvDropTotal', 'l'],
  ['byteRcvUndecryptTotal', 'l'],
  ['pktSent', 'l'],
  ['pktRecv', 'l'],
  ['pktSndLoss', 'i'],
  ['pktRcvLoss', 'i'],
  ['pktRetrans', 'i'],
  ['pktRcvRetrans', 'i'],
  ['pktSentACK', 'i'],
  ['pktRecvACK', 'i'],
  ['pktSentNAK', 'i'],
  ['pktRecvNAK', 'i'],
  ['mbpsSendRate', 'd'],
  ['mbpsRecvRate', 'd'],
  ['usSndDuration', 'l'],
  ['pktReorderDistance', 'i'],
  ['pktRcvAvgBelatedTime', 'd'],
  ['pktRcvBelated', 'l'],
  ['pktSndDrop', 'i'],
  ['pktRcvDrop', 'i'],
  ['pktRcvUndecrypt', 'i'],
  ['byteSent', 'l'],
  ['byteRecv', 'l'],
  ['byteRcvLoss', 'l'],
  ['byteRetrans', 'l'],
  ['byteSndDrop', 'l'],
  ['byteRcvDrop', 'l'],
  ['byteRcvUndecrypt', 'l'],
  ['usPktSndPeriod', 'd'],
  ['pktFlowWindow', 'i'],
  ['pktCongestionWindow', 'i'],
  ['pktFlightSize', 'i'],
  ['msRTT', 'd'],
  ['mbpsBandwidth', 'd'],
  ['byteAvailSndBuf', 'i'],
  ['byteAvailRcvBuf', 'i'],
  ['mbpsMaxBW', 'd'],
  ['byteMSS', 'i'],
  ['pktSndBuf', 'i'],
  ['byteSndBuf', 'i'],
  ['msSndBuf', 'i'],
  ['msSndTsbPdDelay', 'i'],
  ['pktRcvBuf', 'i'],
  ['byteRcvBuf', 'i'],
  ['msRcvBuf', 'i'],
  ['msRcvTsbPdDelay', 'i'],
  ['pktSndFilterExtraTotal', 'i'],
  ['pktRcvFilterExtraTotal', 'i'],
  ['pktRcvFilterSupplyTotal', 'i'],
  ['pktRcvFilterLossTotal', 'i'],
  ['pktSndFilterExtra', 'i'],
  ['pktRcvFilterExtra', 'i'],
  ['pktRcvFilterSupply', 'i'],
  ['pktRcvFilterLoss', 'i'],
  ['pktReorderTolerance', 'i'],
  ['pktSentUniqueTotal', 'l'],
  ['pktRecvUniqueTotal', 'l'],
  ['byteSentUniqueTotal', 'l'],
  ['byteRecvUniqueTotal', 'l'],
  ['pktSentUnique', 'l'],
  ['pktRecvUnique', 'l'],
  ['byteSentUnique', 'l'],
  ['byteRecvUnique', 'l'],
] as const;

export type StatName = (typeof members)[number][0];

function layOut(): { offsets: Record<StatName, number>; bytes: number } {
  const offsets = {} as Record<StatName, number>;
  let at = 0;
  for (const [name, type] of members) {
    const size = type === 'i' ? 4 : 8;
    at = Math.ceil(at / size) * size;
    offsets[name] = at;
    at += size;
  }
  return { offsets, bytes: Math.ceil(at / 8) * 8 };
}

const layout = layOut();
/** Byte offset of each member, and the size of the whole: tested against the C compiler. */
export const statOffsets: Readonly<Record<StatName, number>> = layout.offsets;
export const statBytes = layout.bytes;

/** Room for members that later versions append. */
const spareBytes = 512;
const memory = fixedMemory(statBytes + spareBytes);

/** Where libsrt writes the figures of one call; every socket uses it in turn, on the main thread. */
export const statAddress = memory.address;

/**
 * What the project looks at, of the figures that libsrt has just written. Counters run from the start of the connection.
 */
export interface SrtStats {
  /** Since the socket was made. */
  ageMs: number;
  rttMs: number;
  /** Negotiated latency of what we send. */
  sendLatencyMs: number;
  /** Negotiated latency of what we receive. */
  receiveLatencyMs: number;
  /** Data packets, including those sent again. */
  sentPackets: number;
  sentBytes: number;
  sentUniquePackets: number;
  sentUniqueBytes: number;
  retransmittedPackets: number;
  retransmittedBytes: number;
  /** Reported missing by the receiver. */
  sendLostPackets: number;
  /** Given up by the sender: too late to arrive in time. */
  sendDroppedPackets: number;
  sendDroppedBytes: number;
  acksReceived: number;
  naksReceived: number;
  /** Not yet acknowledged. */
  sendBufferPackets: number;
  sendBufferBytes: number;
  sendBufferMs: number;
  sendBufferFreeBytes: number;
  inFlightPackets: number;
  flowWindowPackets: number;
  receivedPackets: number;
  receivedBytes: number;
  receivedUniquePackets: number;
  receivedUniqueBytes: number;
  receiveLostPackets: number;
  /** Given up by the receiver: missing when their time came. */
  receiveDroppedPackets: number;
  /** Came after their time, or twice. */
  receiveBelatedPackets: number;
  receivedRetransmittedPackets: number;
  undecryptedPackets: number;
  receiveBufferPackets: number;
  receiveBufferMs: number;
  reorderDistancePackets: number;
  reorderTolerancePackets: number;
  /** libsrt's own estimate from packet pairs; of little worth over bonded links. */
  bandwidthMbps: number;
  maxBandwidthMbps: number;
  filterSuppliedPackets: number;
  filterLostPackets: number;
}

export function readStats(): SrtStats {
  const { bytes } = memory;
  const int = (name: StatName) => bytes.readInt32LE(statOffsets[name]);
  const double = (name: StatName) => bytes.readDoubleLE(statOffsets[name]);
  // Exact up to 2^53, without a BigInt.
  const long = (name: StatName) => bytes.readUInt32LE(statOffsets[name]) + bytes.readInt32LE(statOffsets[name] + 4) * 2 ** 32;
  return {
    ageMs: long('msTimeStamp'),
    rttMs: double('msRTT'),
    sendLatencyMs: int('msSndTsbPdDelay'),
    receiveLatencyMs: int('msRcvTsbPdDelay'),
    sentPackets: long('pktSentTotal'),
    sentBytes: long('byteSentTotal'),
    sentUniquePackets: long('pktSentUniqueTotal'),
    sentUniqueBytes: long('byteSentUniqueTotal'),
    retransmittedPackets: int('pktRetransTotal'),
    retransmittedBytes: long('byteRetransTotal'),
    sendLostPackets: int('pktSndLossTotal'),
    sendDroppedPackets: int('pktSndDropTotal'),
    sendDroppedBytes: long('byteSndDropTotal'),
    acksReceived: int('pktRecvACKTotal'),
    naksReceived: int('pktRecvNAKTotal'),
    sendBufferPackets: int('pktSndBuf'),
    sendBufferBytes: int('byteSndBuf'),
    sendBufferMs: int('msSndBuf'),
    sendBufferFreeBytes: int('byteAvailSndBuf'),
    inFlightPackets: int('pktFlightSize'),
    flowWindowPackets: int('pktFlowWindow'),
    receivedPackets: long('pktRecvTotal'),
    receivedBytes: long('byteRecvTotal'),
    receivedUniquePackets: long('pktRecvUniqueTotal'),
    receivedUniqueBytes: long('byteRecvUniqueTotal'),
    receiveLostPackets: int('pktRcvLossTotal'),
    receiveDroppedPackets: int('pktRcvDropTotal'),
    receiveBelatedPackets: long('pktRcvBelated'),
    receivedRetransmittedPackets: int('pktRcvRetrans'),
    undecryptedPackets: int('pktRcvUndecryptTotal'),
    receiveBufferPackets: int('pktRcvBuf'),
    receiveBufferMs: int('msRcvBuf'),
    reorderDistancePackets: int('pktReorderDistance'),
    reorderTolerancePackets: int('pktReorderTolerance'),
    bandwidthMbps: double('mbpsBandwidth'),
    maxBandwidthMbps: double('mbpsMaxBW'),
    filterSuppliedPackets: int('pktRcvFilterSupplyTotal'),
    filterLostPackets: int('pktRcvFilterLossTotal'),
  };
}
