import { warnOnce } from '../runtime/platform.ts'
import type { NotARecord } from './file-format.ts'

/** Tell the operator, once per process, of a file under a record's name that is no record. */
export function warnOfDamage(file: string, state: NotARecord['state']): void {
  warnOnce(DAMAGE[state].code, `${file} ${DAMAGE[state].meaning}`)
}

const DAMAGE: Readonly<Record<NotARecord['state'], { readonly code: string; readonly meaning: string }>> = {
  torn: {
    code: 'COATCHECK_RECORD_TORN',
    meaning:
      'is damaged, as after a power failure, and counts as absent: its visitor starts anew. The sweep removes it',
  },
  newer: {
    code: 'COATCHECK_RECORD_NEWER',
    meaning: 'was written by a later version of Coatcheck and counts as absent: its visitor starts anew. It is kept',
  },
  foreign: {
    code: 'COATCHECK_RECORD_FOREIGN',
    meaning: 'is not a session and counts as absent. It is kept: move it away',
  },
}
