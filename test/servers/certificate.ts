import { chownSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ensureCommand } from '../../scripts/debian.ts'
import { removeDirectory } from './directory.ts'
import { runToEnd, type Account } from './processes.ts'

/** A self-signed certificate for 127.0.0.1, as files for a server and as text for its clients. */
export interface Certificate {
  readonly certificateFile: string
  readonly keyFile: string
  /** What a client trusts: the certificate itself, as PEM. */
  readonly ca: string
}

/** Make a certificate in `directory`, readable by `account`, valid for a day. Removes the folder when it cannot. */
export async function makeCertificate(directory: string, account: Account | null): Promise<Certificate> {
  const certificateFile = join(directory, 'certificate.pem')
  const keyFile = join(directory, 'key.pem')
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost', '-days', '1']
  const files = ['-keyout', keyFile, '-out', certificateFile]
  try {
    await runToEnd(ensureCommand('openssl', ['openssl']), ['req', '-x509', ...curve, ...subject, ...files])
  } catch (error) {
    removeDirectory(directory)
    throw error
  }
  if (account !== null) for (const file of [certificateFile, keyFile]) chownSync(file, account.uid, account.gid)
  return { certificateFile, keyFile, ca: readFileSync(certificateFile, 'utf8') }
}
