/** Stands for your table of users: ada, with the password "difference engine". */
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'

const users = new Map([['ada', await hashed('difference engine')]])
/** What a password is compared with when nobody has that name, so that the answer does not come sooner. */
const nobody = await hashed(randomBytes(16).toString('hex'))

/** The user's ID when the password is theirs. */
export async function checkPassword(name: unknown, password: unknown): Promise<string | undefined> {
  const { salt, key } = users.get(String(name)) ?? nobody
  const same = timingSafeEqual(await derive(String(password), salt), key)
  return same && users.has(String(name)) ? String(name) : undefined
}

async function hashed(password: string): Promise<{ salt: Buffer; key: Buffer }> {
  const salt = randomBytes(16)
  return { salt, key: await derive(password, salt) }
}

function derive(password: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password.normalize(), salt, 32, (error, key) => (error ? reject(error) : resolve(key)))
  })
}
