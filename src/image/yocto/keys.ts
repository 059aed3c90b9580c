/**
 * `tandem yocto keys`: a certificate authority whose certificate every box carries, and a key that it signed, with which bundles are
 * signed (RAUC's manual, "Security"). The authority's key is needed again only to replace the signing key: it belongs on paper or in a safe.
 */
import { chmodSync, existsSync, mkdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';
import { exitCode, FatalError } from '../../model/exit.ts';
import { checkout, workFolder } from '../package.ts';
import { Workshop } from '../tools.ts';

/** A box that nobody updates for ten years still verifies; a signing key that leaks is replaced within two. */
const days = { authority: 36_500, signing: 730 };

/** @throws FatalError when the folder is there, or lies in the checkout, where a key could be committed. */
export async function makeKeys(options: { out: string; name: string }): Promise<number> {
  const out = resolve(options.out);
  if (existsSync(out)) throw new FatalError(exitCode.usage, `${out} is there already; keys are never written over`);
  const parent = dirname(out);
  if (!existsSync(parent)) throw new FatalError(exitCode.usage, `there is no folder ${parent}`);
  if (`${realpathSync(parent)}${sep}`.startsWith(`${realpathSync(checkout)}${sep}`))
    throw new FatalError(exitCode.usage, `${out} lies in this checkout, where a key could be committed: choose a folder outside`);
  if (!/^[\w .-]{1,60}$/.test(options.name)) throw new FatalError(exitCode.usage, 'a name has letters, digits, spaces, dots and dashes, 60 at most');
  const shop = new Workshop(join(workFolder, 'yocto-keys.log'));
  await shop.need({ openssl: 'openssl' });
  mkdirSync(out, { mode: 0o700 });
  try {
    await issue(shop, out, options.name);
  } catch (error) {
    rmSync(out, { recursive: true, force: true });
    throw error;
  } finally {
    await shop.close();
  }
  process.stdout.write(
    `${out}: ca.cert.pem goes into every image; signing.key.pem signs bundles; ca.key.pem belongs in a safe, not on a build machine.\n` +
      `conf/local.conf:  TANDEM_KEYS = "${out}"\n`,
  );
  return exitCode.ok;
}

async function issue(shop: Workshop, out: string, name: string): Promise<void> {
  const file = (one: string): string => join(out, one);
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc'];
  const authority = ['-addext', 'basicConstraints=critical,CA:TRUE,pathlen:0', '-addext', 'keyUsage=critical,keyCertSign,cRLSign'];
  const about = ['-subj', `/O=${name}/CN=${name} update authority`, '-days', String(days.authority)];
  await shop.run('openssl', ['req', '-x509', ...curve, '-keyout', file('ca.key.pem'), '-out', file('ca.cert.pem'), ...about, ...authority]);
  await shop.run('openssl', ['req', ...curve, '-keyout', file('signing.key.pem'), '-out', file('signing.csr'), '-subj', `/O=${name}/CN=${name} bundles`]);
  writeFileSync(file('signing.ext'), 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=emailProtection\n');
  const by = ['-CA', file('ca.cert.pem'), '-CAkey', file('ca.key.pem'), '-set_serial', String(Date.now()), '-days', String(days.signing)];
  await shop.run('openssl', ['x509', '-req', '-in', file('signing.csr'), '-out', file('signing.cert.pem'), '-extfile', file('signing.ext'), ...by]);
  await shop.run('openssl', ['verify', '-purpose', 'smimesign', '-CAfile', file('ca.cert.pem'), file('signing.cert.pem')]);
  rmSync(file('signing.csr'));
  rmSync(file('signing.ext'));
  for (const key of ['ca.key.pem', 'signing.key.pem']) chmodSync(file(key), 0o600);
}
