/** A certificate authority of a test's own, unknown to everybody else, and a certificate of it for this machine. */
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createTemporaryDirectory } from './temporary-directory.js';

/** Files in PEM, which go with `dispose`. */
export interface Certificates extends Disposable {
  /** The authority's certificate: what `NODE_EXTRA_CA_CERTS` names. */
  readonly caFile: string;
  readonly ca: string;
  /** The certificate of 127.0.0.1 and localhost, signed by the authority. */
  readonly certificateFile: string;
  readonly keyFile: string;
  dispose(): void;
}

const run = promisify(execFile);
const openssl = (...words: readonly string[]) => run('openssl', words);
const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** Makes an authority and a certificate. */
export async function createCertificates(): Promise<Certificates> {
  const directory = createTemporaryDirectory();
  const file = (name: string) => join(directory.path, name);
  const authority = ['-x509', '-days', '2', '-subj', '/CN=an authority of the tests'];
  const caFiles = ['-keyout', file('ca.key'), '-out', file('ca.pem')];
  const request = ['-subj', '/CN=localhost', '-keyout', file('server.key'), '-out', file('server.csr')];
  const signer = ['-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-CAcreateserial'];
  writeFileSync(file('extensions'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
  const named = ['-extfile', file('extensions'), '-out', file('server.pem')];
  await openssl('req', ...authority, ...NEW_KEY, ...caFiles);
  await openssl('req', ...NEW_KEY, ...request);
  await openssl('x509', '-req', '-days', '2', '-in', file('server.csr'), ...signer, ...named);
  return {
    caFile: file('ca.pem'),
    ca: readFileSync(file('ca.pem'), 'utf8'),
    certificateFile: file('server.pem'),
    keyFile: file('server.key'),
    dispose: directory.delete,
    [Symbol.dispose]: directory.delete,
  };
}
