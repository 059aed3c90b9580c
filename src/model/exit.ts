/** Exit codes, after sysexits.h, so that systemd and scripts can tell a mistake of a person from bad luck. */
export const exitCode = {
  ok: 0,
  failure: 1,
  /** EX_USAGE: the command line is wrong. */
  usage: 64,
  /** EX_UNAVAILABLE: something that must be installed is missing (GStreamer, libsrt). */
  unavailable: 69,
  /** EX_OSERR: the system refuses (port taken, socket path not writable). */
  system: 71,
  /** EX_CONFIG: the configuration is wrong; restarting does not help. */
  config: 78,
} as const;

/** An error whose message is meant for a person and that ends the process with `code`. Never used for operating errors of a running stream. */
export class FatalError extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}
