/** Errors of libsrt as codes (`SRT_ERRNO` of srt.h) and refusals as reasons of the model (`SRT_REJECT_REASON`, access_control.h). */
import type { Reason } from '../../model/reasons.ts';
import { srtLibrary } from './library.ts';

/** `SRT_ERRNO`: a thousand for the kind, the rest for the case. */
const codes: Record<number, string> = {
  [-1]: 'EUNKNOWN',
  1000: 'ECONNSETUP',
  1001: 'ENOSERVER',
  1002: 'ECONNREJ',
  1003: 'ESOCKFAIL',
  1004: 'ESECFAIL',
  1005: 'ESCLOSED',
  2000: 'ECONNFAIL',
  2001: 'ECONNLOST',
  2002: 'ENOCONN',
  3000: 'ERESOURCE',
  3001: 'ETHREAD',
  3002: 'ENOBUF',
  3003: 'ESYSOBJ',
  5000: 'EINVOP',
  5001: 'EBOUNDSOCK',
  5002: 'ECONNSOCK',
  5003: 'EINVPARAM',
  5004: 'EINVSOCK',
  5005: 'EUNBOUNDSOCK',
  5006: 'ENOLISTEN',
  5007: 'ERDVNOSERV',
  5008: 'ERDVUNBOUND',
  5009: 'EINVALMSGAPI',
  5010: 'EINVALBUFFERAPI',
  5011: 'EDUPLISTEN',
  5012: 'ELARGEMSG',
  5013: 'EINVPOLLID',
  5014: 'EPOLLEMPTY',
  5015: 'EBINDCONFLICT',
  6000: 'EASYNCFAIL',
  6001: 'EASYNCSND',
  6002: 'EASYNCRCV',
  6003: 'ETIMEOUT',
  6004: 'ECONGEST',
  7000: 'EPEERERR',
};

export const EASYNCSND = 6001;
export const EASYNCRCV = 6002;

export class SrtError extends Error {
  /** The name of srt.h without `SRT_`: ECONNREJ, EINVPARAM, ESCLOSED …; or the system's (ENODEV) where the system refused. */
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** The error of the call that has just failed on this thread. `doing` completes the sentence "cannot …". */
export function lastError(doing: string): SrtError {
  const { functions } = srtLibrary();
  const number = functions.getlasterror(null);
  return new SrtError(codes[number] ?? `E${number}`, `cannot ${doing}: ${functions.getlasterror_str()}`);
}

export function closedError(doing: string): SrtError {
  return new SrtError('ESCLOSED', `cannot ${doing}: the socket is closed`);
}

export interface Rejection {
  reason: Reason;
  /** libsrt's own words. */
  text: string;
}

const rejectUnknown = 0;
const rejectTimeout = 16;
/** Codes from here on are of the application at the other end, shaped after HTTP's (access_control.h): 1404 is "no such stream". */
const rejectPredefined = 1000;
const rejectOverload = 1402;

const rejectReasons: Record<number, Reason> = {
  [rejectUnknown]: 'unreachable',
  1: 'send-error', // SYSTEM: a system call failed
  2: 'rejected', // PEER
  3: 'internal', // RESOURCE: here, not there
  4: 'rejected', // ROGUE: what answers does not speak SRT
  5: 'gateway-full', // BACKLOG
  6: 'internal', // IPE
  7: 'session-closed', // CLOSE
  8: 'rejected', // VERSION
  10: 'bad-secret', // BADSECRET
  11: 'bad-secret', // UNSECURE: one end has a passphrase, the other has none
  [rejectTimeout]: 'unreachable',
  [rejectOverload]: 'gateway-full',
};

/** What `SRT_REJECT_REASON` number `code` means to people. */
export function rejection(code: number): Rejection {
  const reason = rejectReasons[code] ?? 'rejected';
  if (code >= rejectPredefined) return { reason, text: `rejected by the application with code ${code}` };
  return { reason, text: code === rejectUnknown || code === rejectTimeout ? 'no answer' : srtLibrary().functions.rejectreason_str(code) };
}
