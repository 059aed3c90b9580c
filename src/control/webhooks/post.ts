/** One POST to a webhook, signed. */
import { createHmac } from 'node:crypto';
import type { WebhookConfig } from '../../config/schema.ts';

const answerMsMax = 10_000;

export interface Posted {
  ok: boolean;
  /** Of HTTP; null: no answer. */
  status: number | null;
  /** Errno name, or null. */
  code: string | null;
}

/**
 * The signature is made as most services do it: `t=<seconds>,v1=<hex>`, HMAC-SHA256 (RFC 2104) over `<seconds>.<body>`, so that an old message
 * cannot be sent again as a new one. @param wallMs for the signature alone.
 */
export function signature(secret: string, body: string, wallMs: number): string {
  const seconds = Math.floor(wallMs / 1000);
  return `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`;
}

/** Never rejects. */
export function post({ url, secret }: WebhookConfig, id: string, body: string, wallMs: number): Promise<Posted> {
  const secure = url.startsWith('https:');
  // Not `import`: see web/server.ts. At the first webhook: a box without one does without TLS.
  const { request } = secure ? process.getBuiltinModule('node:https') : process.getBuiltinModule('node:http');
  return new Promise((resolve) => {
    const failed = (error: unknown) => resolve({ ok: false, status: null, code: (error as NodeJS.ErrnoException).code ?? 'EIO' });
    try {
      const headers = {
        'Content-Type': 'application/json',
        'Content-Length': Buffer.byteLength(body),
        'User-Agent': 'tandem',
        'Tandem-Id': id,
        ...(secret !== undefined && { 'Tandem-Signature': signature(secret, body, wallMs) }),
      };
      const asked = request(url, { method: 'POST', headers, timeout: answerMsMax, agent: false }, (response) => {
        // What it says is of no interest, and may be endless.
        response.destroy();
        const status = response.statusCode ?? 0;
        resolve({ ok: status >= 200 && status < 300, status, code: null });
      });
      asked.on('timeout', () => asked.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })));
      asked.on('error', failed);
      asked.end(body);
    } catch (error) {
      failed(error);
    }
  });
}
