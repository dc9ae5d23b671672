import { errnoOf, node, unless } from './file-node.ts'

/*
 * Whose lock or temporary file is this, and is its maker still there?
 *
 * Age proves nothing: a process that was stopped, swapped out or suspended with its laptop comes back and writes.
 * So everything a process leaves in the folder is named after it, and counts as left behind only when its maker is
 * proven gone. The maker is a thread, not a process: a worker thread can be terminated in the middle of a write
 * while its process lives on.
 */

/** One store instance, as its name tells it: `pid-thread-started-boot-namespace-host-random`. */
export interface Owner {
  readonly name: string
  readonly pid: number
  /** Kernel thread ID, 0 where unknown. */
  readonly thread: number
  /** Start of the thread in clock ticks since boot, 0 where unknown: tells a reused pid from the old one. */
  readonly started: string
  /** Identifies one run of one kernel; empty where unknown. */
  readonly boot: string
  /** Process IDs (and start times) mean something only inside the same namespaces. */
  readonly namespace: string
  /** A hash of the host's name, so that the file name stays short and plain. */
  readonly host: string
}

/** `unknown`: on another machine or in another container, so nothing here can tell. */
export type Standing = 'alive' | 'gone' | 'unknown'

const NAME = /^(\d+)-(\d+)-(\d+)-([0-9a-f]*)-([\d_]*)-([0-9a-f]{12})-[0-9a-f]{16}$/

/** A new identity for the calling thread. */
export function newOwner(): Owner {
  const { crypto } = node()
  const { boot, namespace, host } = here()
  const { thread, started } = self()
  const name = [process.pid, thread, started, boot, namespace, host, crypto.randomBytes(8).toString('hex')].join('-')
  return { name, pid: process.pid, thread, started, boot, namespace, host }
}

/** The owner called `name`, or `null` when no owner has such a name. */
export function parseOwner(name: string): Owner | null {
  const match = NAME.exec(name)
  if (match === null) return null
  const [, pid, thread, started = '', boot = '', namespace = '', host = ''] = match
  return { name, pid: Number(pid), thread: Number(thread), started, boot, namespace, host }
}

/** What the identity file says: enough for a person to find the process, and the name for us. */
export function describeOwner(owner: Owner): string {
  const facts = { owner: owner.name, pid: owner.pid, host: node().os.hostname() }
  return `${JSON.stringify(facts)}\n`
}

/** Who holds the lock `path`: `null` when nobody does, `'unreadable'` when the file does not say. */
export function holderOf(path: string): Owner | 'unreadable' | null {
  const text = unless(['ENOENT'], () => node().fs.readFileSync(path, 'utf8'))
  if (text === undefined) return null
  const name = /"owner":"([\w-]+)"/.exec(text)?.[1]
  return (name === undefined ? null : parseOwner(name)) ?? 'unreadable'
}

/** Whether the owner can still act. `gone` is a proof and stays true for ever. */
export function standingOf(owner: Owner): Standing {
  const local = here()
  if (owner.boot !== local.boot)
    return owner.host === local.host && bothKnown(owner.boot, local.boot) ? 'gone' : 'unknown'
  if (owner.namespace !== local.namespace) return 'unknown'
  // Without a boot ID the name of the host is all that says whose process IDs these are.
  if (owner.boot === '' && owner.host !== local.host) return 'unknown'
  return standingOfThread(owner)
}

function bothKnown(one: string, other: string): boolean {
  return one !== '' && other !== ''
}

function standingOfThread(owner: Owner): Standing {
  if (owner.thread === 0) return processExists(owner.pid) ? 'alive' : 'gone'
  const stat = readStat(`/proc/${owner.pid}/task/${owner.thread}/stat`)
  if (stat === 'unreadable') return 'unknown'
  // A zombie runs nothing any more, it only waits for its parent to notice.
  if (stat !== 'missing')
    return stat.started === owner.started && stat.state !== 'Z' && stat.state !== 'X' ? 'alive' : 'gone'
  if (!processExists(owner.pid)) return 'gone'
  // The process is there and the thread is not. Mounted with hidepid, /proc shows only one's own processes: then
  // the missing thread proves nothing.
  return typeof readStat(`/proc/${owner.pid}/stat`) === 'object' ? 'gone' : 'unknown'
}

function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return errnoOf(error) !== 'ESRCH'
  }
}

interface Here {
  readonly boot: string
  readonly namespace: string
  readonly host: string
}

let cachedHere: Here | undefined

function here(): Here {
  cachedHere ??= {
    boot: bootId(),
    namespace: [namespaceOf('pid'), namespaceOf('time')].filter((part) => part !== '').join('_'),
    host: node().crypto.createHash('sha256').update(node().os.hostname()).digest('hex').slice(0, 12),
  }
  return cachedHere
}

function namespaceOf(kind: 'pid' | 'time'): string {
  return linkOf(`/proc/self/ns/${kind}`).replaceAll(/\D/g, '')
}

/** This thread, where /proc exists and shows this very process (a container may be given another's /proc). */
function self(): { thread: number; started: string } {
  const [, pid, thread] = /^(\d+)\/task\/(\d+)$/.exec(linkOf('/proc/thread-self')) ?? []
  const stat = Number(pid) === process.pid ? readStat(`/proc/${pid}/task/${thread}/stat`) : 'missing'
  return typeof stat === 'object' ? { thread: Number(thread), started: stat.started } : { thread: 0, started: '0' }
}

function linkOf(path: string): string {
  try {
    return node().fs.readlinkSync(path)
  } catch {
    return ''
  }
}

interface ThreadStat {
  readonly state: string
  readonly started: string
}

/**
 * State and start time. Only a missing file says that there is no such thread: too many open files, for one, must
 * not look like a death.
 */
function readStat(path: string): ThreadStat | 'missing' | 'unreadable' {
  try {
    const text = node().fs.readFileSync(path, 'latin1')
    // The command's name before these fields may itself contain spaces and parentheses.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    const [state, started] = [fields[0], fields[19]]
    return state === undefined || started === undefined ? 'unreadable' : { state, started }
  } catch (error) {
    return errnoOf(error) === 'ENOENT' ? 'missing' : 'unreadable'
  }
}

function bootId(): string {
  try {
    const text = node().fs.readFileSync('/proc/sys/kernel/random/boot_id', 'latin1')
    return text.replaceAll(/[^0-9a-f]/g, '').slice(0, 16)
  } catch {
    return ''
  }
}
