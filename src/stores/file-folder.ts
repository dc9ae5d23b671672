import { SessionError } from '../errors.ts'
import { warn } from '../runtime/platform.ts'
import { errnoOf, node, unless } from './file-node.ts'
import { describeOwner, newOwner, type Owner } from './file-owner.ts'

/** A folder of sessions, opened by one store instance. */
export interface Folder {
  /** Absolute path. */
  readonly root: string
  readonly owner: Owner
  /** The owner's identity file: what locks link to. */
  readonly identity: string
  /** Make what somebody removed while the store was open: the folders down to `shard` and the identity file. */
  restore(shard: string): void
  /** Take the identity file away. */
  leave(): void
}

/** Where every owner has its identity file. Also what tells a folder of ours from another. */
export const OWNERS = '.owners'

/** Only the owner of the process may look at sessions. */
const FOLDER_MODE = 0o700
const FILE_MODE = 0o600

/**
 * File systems that several machines mount at once, by the number Linux gives for them. A lock's holder on another
 * machine cannot be judged from here, and hard links and renames are not what they are on a disk. Only the certain
 * ones: FUSE and 9p may be either (a desktop's container or WSL mounts local folders that way).
 */
const NETWORK: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xfe534d42, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0x00c36400, 'Ceph'],
  [0x0bd00bd0, 'Lustre'],
  [0x5346414f, 'AFS'],
  [0x01161970, 'GFS2'],
  [0x7461636f, 'OCFS2'],
  [0x47504653, 'GPFS'],
])

/**
 * Make the folder if need be, and prove at once that it can hold sessions. With `durable` the folder itself is on
 * disk afterwards.
 * @throws {@link SessionError} `store_unusable` with the path, the reason and the mend.
 */
export function openFolder(directory: string, durable = false): Folder {
  const root = node().path.resolve(directory)
  const owner = newOwner()
  const identity = node().path.join(root, OWNERS, owner.name)
  try {
    makeFolder(root)
    refuseNetwork(root)
    const entries = node().fs.readdirSync(root)
    const ours = entries.length === 0 || entries.includes(OWNERS)
    closeToOthers(root, ours)
    // A folder in which the user keeps other things keeps its place in version control.
    if (entries.length === 0) hideFromGit(root)
    writeIdentity(identity, owner)
    if (durable) for (const path of [root, node().path.dirname(root)]) flushFolder(path)
  } catch (error) {
    if (error instanceof SessionError) throw error
    throw new SessionError('store_unusable', `${root}: ${reasonOf(error)}`, { cause: error })
  }
  probeLinks(root, identity)
  return {
    root,
    owner,
    identity,
    restore(shard) {
      makeFolder(root)
      makeFolder(shard)
      if (!node().fs.existsSync(identity)) writeIdentity(identity, owner)
    },
    leave: () => unless(['ENOENT'], () => node().fs.unlinkSync(identity)),
  }
}

/** The name of the network file system with this number, if it certainly is one. */
export function networkFileSystem(type: number): string | undefined {
  return NETWORK.get(type >>> 0)
}

/** Make a folder that only this user may enter, and its parents; nothing happens if it is there. */
export function makeFolder(path: string): void {
  node().fs.mkdirSync(path, { recursive: true, mode: FOLDER_MODE })
}

/** A new file that only this user may read, open for writing. Fails if the name is taken. */
export function openNew(path: string): number {
  return node().fs.openSync(path, 'wx', FILE_MODE)
}

function refuseNetwork(root: string): void {
  // The numbers are Linux's. Elsewhere there is nothing certain to go by.
  if (process.platform !== 'linux') return
  const name = networkFileSystem(node().fs.statfsSync(root).type)
  if (name !== undefined)
    throw new SessionError(
      'store_unusable',
      `${root} is on ${name}, a network file system: file sessions belong to one host. ` +
        'Choose a folder on a local disk, or a store that several hosts can share',
    )
}

function closeToOthers(root: string, ours: boolean): void {
  const { fs } = node()
  const open = process.platform !== 'win32' && (fs.statSync(root).mode & 0o077) !== 0
  if (!open) return
  if (ours && unless(['EPERM', 'EACCES', 'EROFS'], () => (fs.chmodSync(root, FOLDER_MODE), true))) return
  warn(
    'COATCHECK_FOLDER_OPEN',
    `Other users may enter ${root}, where sessions are kept. The records themselves are closed to them (0600), ` +
      `but whoever may write there can remove them: chmod 700 ${root}`,
  )
}

function hideFromGit(root: string): void {
  const { fs, path } = node()
  unless(['EEXIST'], () => fs.writeFileSync(path.join(root, '.gitignore'), '*\n', { flag: 'wx', mode: FILE_MODE }))
}

/** On disk before the first lock links to it: after a power failure every lock must still say whose it was. */
function writeIdentity(identity: string, owner: Owner): void {
  const { fs, path } = node()
  makeFolder(path.dirname(identity))
  const file = openNew(identity)
  try {
    fs.writeFileSync(file, describeOwner(owner))
    fs.fsyncSync(file)
  } finally {
    fs.closeSync(file)
  }
}

function flushFolder(path: string): void {
  const { fs } = node()
  // Windows opens no folders and writes their entries by itself; a parent that may not be read is not ours.
  const folder = unless(['EISDIR', 'EPERM', 'EACCES'], () => fs.openSync(path, 'r'))
  if (folder === undefined) return
  try {
    fs.fsyncSync(folder)
  } finally {
    fs.closeSync(folder)
  }
}

function probeLinks(root: string, identity: string): void {
  const { fs } = node()
  try {
    fs.linkSync(identity, `${identity}.probe`)
    fs.unlinkSync(`${identity}.probe`)
  } catch (error) {
    unless(['ENOENT'], () => fs.unlinkSync(identity))
    throw new SessionError(
      'store_unusable',
      `${root} is on a file system without hard links (FAT, exFAT, some mounted folders), which the record locks ` +
        `need (${errnoOf(error)}): choose a folder on another disk, or another store`,
      { cause: error },
    )
  }
}

function reasonOf(error: unknown): string {
  const code = errnoOf(error)
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return `this process may not write there (${code}): give its user the folder, or choose another one`
    case 'EROFS':
      return `it is on a read-only file system (${code}): choose a folder that can be written`
    case 'EEXIST':
    case 'ENOTDIR':
      return `it is, or is below, something that is not a folder (${code}): choose another path`
    case 'ENOSPC':
    case 'EDQUOT':
      return `the disk is full (${code}): make room, or choose a folder on another disk`
    default:
      return `the folder cannot be made and written (${code ?? String(error)}): choose another one`
  }
}
