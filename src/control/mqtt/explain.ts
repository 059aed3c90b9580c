/** Why the broker cannot be reached, from the codes of Node, OpenSSL and MQTT. Repeats no text of the library: it may hold an address with a password. */
import type { Reason } from '../../model/reasons.ts';

export interface Explained {
  reason: Reason;
  text: string;
  /** A person must change something: trying often only fills logs. */
  hopeless: boolean;
}

/** Our certificate is refused, or one is asked for: alerts of TLS (RFC 8446 section 6.2) as OpenSSL names them. */
const ourCertificate =
  /ALERT_(CERTIFICATE_REQUIRED|UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_UNKNOWN|CERTIFICATE_EXPIRED|CERTIFICATE_REVOKED|UNSUPPORTED_CERTIFICATE|HANDSHAKE_FAILURE|ACCESS_DENIED|DECRYPT_ERROR)/;
/** The broker's certificate does not please us: X.509 verification results as Node names them. */
const theirCertificate: Record<string, string> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'it is self-signed: give its authority as control.mqtt.caFile',
  SELF_SIGNED_CERT_IN_CHAIN: 'its authority is not known here: give it as control.mqtt.caFile',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its authority is not known here: give it as control.mqtt.caFile',
  UNABLE_TO_GET_ISSUER_CERT: 'its authority is not known here: give it as control.mqtt.caFile',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its authority is not known here: give it as control.mqtt.caFile',
  CERT_SIGNATURE_FAILURE: 'its signature is wrong',
  CERT_HAS_EXPIRED: 'it has expired (or the clock of this box is wrong)',
  CERT_NOT_YET_VALID: 'it is not valid yet (or the clock of this box is wrong)',
  CERT_REVOKED: 'it was revoked',
  CERT_UNTRUSTED: 'it is not trusted',
  ERR_TLS_CERT_ALTNAME_INVALID: 'it was made for another host name',
};

/**
 * @param error what the socket or mqtt.js raised; null for a connection that ended without a word.
 * @param where host:port, without user and password.
 */
export function explainBroker(error: unknown, where: string, facts: { tls: boolean }): Explained {
  const code = codeOf(error);
  if (typeof code === 'number') return explainMqttCode(code, where);
  if (code !== null && ourCertificate.test(code)) {
    const text = `the broker ${where} refuses this box’s certificate: check control.mqtt.certFile and keyFile, and which authority the broker trusts`;
    return { reason: 'certificate-refused', text, hopeless: true };
  }
  if (code !== null && code in theirCertificate)
    return { reason: 'certificate-refused', text: `the certificate of the broker ${where} is not accepted: ${theirCertificate[code]}`, hopeless: true };
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return { reason: 'name-unresolved', text: `the name of the broker ${where} cannot be resolved`, hopeless: false };
    case 'ECONNREFUSED':
      return { reason: 'broker-lost', text: `the broker ${where} refuses the connection: is it running?`, hopeless: false };
    case 'ETIMEDOUT':
    case 'TIMEOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ENETDOWN':
    case 'EADDRNOTAVAIL':
      return { reason: 'unreachable', text: `the broker ${where} does not answer`, hopeless: false };
    case 'PROXY_LOST':
      return { reason: 'unreachable', text: `the proxy on the way to the broker ${where} does not answer: check control.mqtt.proxy`, hopeless: false };
    case 'PROXY_AUTH':
      return { reason: 'not-authorised', text: `the proxy on the way to the broker ${where} does not accept this user and password`, hopeless: true };
    case 'PROXY_REFUSED':
      return { reason: 'rejected', text: `the proxy does not let this box reach the broker ${where}`, hopeless: true };
    case 'EPROTO':
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
      return { reason: 'rejected', text: `the broker ${where} does not speak TLS as we do: is it an mqtt:// port?`, hopeless: true };
    case 'ECONNRESET':
      if (facts.tls)
        return {
          reason: 'broker-lost',
          text: `the broker ${where} broke the connection; with TLS this may mean that it wants another client certificate`,
          hopeless: false,
        };
      return { reason: 'broker-lost', text: `the broker ${where} broke the connection`, hopeless: false };
    default:
      return { reason: 'broker-lost', text: `the connection to the broker ${where} ended${code === null ? '' : ` (${code})`}`, hopeless: false };
  }
}

/** CONNACK, PUBACK, SUBACK and DISCONNECT codes: MQTT 5.0 section 2.4; below 0x80 the return codes of MQTT 3.1.1 section 3.2.2.3. */
function explainMqttCode(code: number, where: string): Explained {
  switch (code) {
    case 4:
    case 0x86:
      return { reason: 'not-authorised', text: `the broker ${where} does not accept this user and password`, hopeless: true };
    case 5:
    case 0x87:
      return {
        reason: 'not-authorised',
        text: `the broker ${where} does not let this box use its topics: check its access control and the box’s name`,
        hopeless: true,
      };
    case 2:
    case 0x85:
      return { reason: 'not-authorised', text: `the broker ${where} does not accept this client id`, hopeless: true };
    case 0x8a:
      return { reason: 'not-authorised', text: `the broker ${where} has banned this box`, hopeless: true };
    case 0x8e:
      return {
        reason: 'rejected',
        text: `another client with this box’s name took the connection to ${where} over: is there a second box of this name?`,
        hopeless: true,
      };
    case 3:
    case 0x88:
    case 0x89:
    case 0x8b:
      return { reason: 'rejected', text: `the broker ${where} is busy or shutting down`, hopeless: false };
    default:
      return { reason: 'rejected', text: `the broker ${where} refuses (code ${code})`, hopeless: true };
  }
}

function codeOf(error: unknown): string | number | null {
  if (typeof error !== 'object' || error === null) return null;
  if ('code' in error && (typeof error.code === 'number' || typeof error.code === 'string')) return error.code;
  if ('errors' in error && Array.isArray(error.errors)) return codeOf(error.errors[0]);
  // mqtt.js gives no code for its own time-outs.
  if ('message' in error && /timeout/i.test(String(error.message))) return 'TIMEOUT';
  return null;
}

const networkCodes: ReadonlySet<string> = new Set([
  'ETIMEDOUT',
  'TIMEOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'ENODEV',
  'EPERM',
  'ENOTFOUND',
  'EAI_AGAIN',
  // Of a firewall on the way, as well as of a broker that is not running.
  'ECONNREFUSED',
]);

/** Whether another network may do better: it speaks of the way, not of the broker. */
export function isOfTheWay(error: unknown): boolean {
  const code = codeOf(error);
  return typeof code === 'string' && networkCodes.has(code);
}

/** Whether a broker refuses the version of the protocol: it may know only the older one. */
export function isVersionRefusal(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  if ('code' in error && (error.code === 1 || error.code === 0x84)) return true;
  // A CONNACK of MQTT 3.1.1 has two bytes, which the parser of MQTT 5 finds too short.
  return 'message' in error && /parse|header|propert/i.test(String(error.message)) && !('code' in error && typeof error.code === 'string');
}
