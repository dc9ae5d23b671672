import { decodeValue, encodeValue } from './codec.ts'
import { SessionError } from '../errors.ts'
import type { Clash, SettleClash } from './merge.ts'
import type { Policy } from '../options/options.ts'

/** The conflict policy as a function of one clash. */
export function settleBy(policy: Policy['onConflict']): SettleClash {
  switch (policy) {
    case 'ours':
      return (clash) => clash.ours
    case 'theirs':
      return (clash) => clash.theirs
    case 'error':
      return refuse
    default:
      return (clash) => {
        const kept = policy({
          key: clash.key,
          base: decoded(clash.base),
          ours: decoded(clash.ours),
          theirs: decoded(clash.theirs),
        })
        return kept === undefined ? undefined : encodeValue(kept, clash.key)
      }
  }
}

function refuse(clash: Clash): never {
  throw new SessionError('conflict', `data.${clash.key}; catch this, reload() and try again, or use update()`)
}

function decoded(line: string | undefined): unknown {
  return line === undefined ? undefined : decodeValue(line)
}
