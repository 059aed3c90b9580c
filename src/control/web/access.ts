/**
 * Who may use the page and the API: one password, set at first start, sessions, and a token for scripts. Kept in the state
 * directory with mode 0600; of password and sessions only hashes. There is no default password.
 */
import { createHash, randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { wallMs } from '../../clock.ts';
import { replaceFile } from '../files.ts';

/** OWASP's second recommendation for scrypt: 32 MB, about 0.1 s on a Raspberry Pi 4. */
const cost = { N: 2 ** 15, r: 8, p: 1 };
const hashBytes = 32;
export const passwordLengthMin = 10;
export const passwordLengthMax = 256;
/** A phone in the field stays logged in over a production; without use for this long it does not. */
const sessionMsMax = 14 * 86_400_000;
const sessionsMax = 100;
/** The last use is noted this coarsely, so that a page that polls does not write to the flash. */
const touchEveryMs = 3_600_000;

const fileSchema = z.object({
  version: z.literal(1),
  password: z.object({ salt: z.string(), hash: z.string(), N: z.int(), r: z.int(), p: z.int() }).nullable(),
  sessions: z.array(z.object({ hash: z.string(), csrf: z.string(), lastMs: z.number() })),
});
type AccessFile = z.infer<typeof fileSchema>;

export interface Session {
  /** SHA-256 of the cookie's token. */
  hash: string;
  /** Must come back in a header with everything that changes something. */
  csrf: string;
  lastMs: number;
}

const derive = promisify(scrypt) as (password: string, salt: Buffer, length: number, options: ScryptOptions) => Promise<Buffer>;
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

export class Access {
  readonly #directory: string;
  readonly #onTrouble: (code: string) => void;
  #file: AccessFile = { version: 1, password: null, sessions: [] };
  #tokenHash: string | null = null;
  /** The file is there but cannot be understood: better nobody than anybody who comes first. */
  #damaged = false;
  #setting = false;
  #saving: Promise<void> = Promise.resolve();

  constructor(directory: string, onTrouble: (code: string) => void) {
    this.#directory = directory;
    this.#onTrouble = onTrouble;
    try {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      this.#file = fileSchema.parse(JSON.parse(readFileSync(this.#path, 'utf8')));
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === 'ENOENT') return;
      this.#damaged = true;
      onTrouble(code ?? 'EBADMSG');
    }
  }

  /** Makes the token for scripts if there is none, and sets the first password from a file if one is given. */
  async prepare(passwordFile: string | undefined): Promise<void> {
    await this.#loadToken();
    if (this.passwordSet || passwordFile === undefined) return;
    try {
      const password = readFileSync(passwordFile, 'utf8').split('\n')[0]?.trimEnd() ?? '';
      if (!(await this.setFirstPassword(password))) this.#onTrouble('EINVAL');
    } catch (error) {
      this.#onTrouble((error as NodeJS.ErrnoException).code ?? 'EIO');
    }
  }

  get passwordSet(): boolean {
    return this.#damaged || this.#file.password !== null;
  }

  /** False when a password is set already (or is being set), or this one is too short or long. Rejects when it cannot be written down. */
  async setFirstPassword(password: string): Promise<boolean> {
    if (this.passwordSet || this.#setting || password.length < passwordLengthMin || password.length > passwordLengthMax) return false;
    this.#setting = true;
    try {
      const salt = randomBytes(16);
      const hash = await hashOf(password, salt, cost);
      const file: AccessFile = { ...this.#file, password: { salt: salt.toString('base64'), hash: hash.toString('base64'), ...cost }, sessions: [] };
      await replaceFile(this.#path, JSON.stringify(file));
      this.#file = file;
      return true;
    } finally {
      this.#setting = false;
    }
  }

  /** Takes the same time whether a password is set or not. */
  async checkPassword(password: string): Promise<boolean> {
    const { password: kept } = this.#file;
    const { salt, hash, ...parameters } = kept ?? { salt: '', hash: '', ...cost };
    const given = await hashOf(password.slice(0, passwordLengthMax + 1), Buffer.from(salt, 'base64'), parameters);
    const right = Buffer.from(hash, 'base64');
    return kept !== null && right.length === given.length && timingSafeEqual(right, given);
  }

  /** Returns the cookie's token, which is kept nowhere. */
  openSession(): { token: string; session: Session } {
    const token = randomBytes(32).toString('base64url');
    const session: Session = { hash: sha256(token), csrf: randomBytes(24).toString('base64url'), lastMs: wallMs() };
    this.#file.sessions = [...this.#file.sessions, session].slice(-sessionsMax);
    this.#save();
    return { token, session };
  }

  session(token: string): Session | null {
    if (token.length > 100) return null;
    const hash = sha256(token);
    const session = this.#file.sessions.find((one) => one.hash === hash);
    if (session === undefined) return null;
    const nowMs = wallMs();
    if (nowMs - session.lastMs > sessionMsMax) return null;
    if (nowMs - session.lastMs > touchEveryMs) {
      session.lastMs = nowMs;
      this.#save();
    }
    return session;
  }

  closeSession(session: Session): void {
    this.#file.sessions = this.#file.sessions.filter(({ hash }) => hash !== session.hash);
    this.#save();
  }

  /** For scripts: `Authorization: Bearer <content of api-token>`. */
  checkToken(token: string): boolean {
    return this.#tokenHash !== null && timingSafeEqual(Buffer.from(sha256(token)), Buffer.from(this.#tokenHash));
  }

  /** Waits until what was changed is on the disk. */
  async settled(): Promise<void> {
    await this.#saving;
  }

  get #path(): string {
    return join(this.#directory, 'access.json');
  }

  #save(): void {
    this.#saving = this.#saving
      .then(() => replaceFile(this.#path, JSON.stringify(this.#file)))
      // Sessions then live until the next restart.
      .catch((error) => this.#onTrouble((error as NodeJS.ErrnoException).code ?? 'EIO'));
  }

  async #loadToken(): Promise<void> {
    const path = join(this.#directory, 'api-token');
    try {
      const token = readFileSync(path, 'utf8').trim();
      // Shorter ones could be guessed.
      if (token.length >= 24) this.#tokenHash = sha256(token);
    } catch {
      const token = randomBytes(32).toString('base64url');
      try {
        await replaceFile(path, `${token}\n`);
        this.#tokenHash = sha256(token);
      } catch (error) {
        this.#onTrouble((error as NodeJS.ErrnoException).code ?? 'EIO');
      }
    }
  }
}

function hashOf(password: string, salt: Buffer, parameters: typeof cost): Promise<Buffer> {
  // The same password typed on another keyboard may come in another composition of its letters.
  return derive(password.normalize('NFC'), salt, hashBytes, { ...parameters, maxmem: 256 * parameters.N * parameters.r });
}
