import type { Upload } from './upload.ts'

/**
 * What the demo keeps about a visitor. Two requests that change different keys at once never disturb each other, so
 * what belongs together is one key, and what does not is two.
 */
export interface DemoData {
  upload: Upload
  name: string
  visits: Visits
  /** When the last slow visit was through: a key of its own, for it is written seconds after the others. */
  slowVisit: Date
  cart: Cart
  gift: Gift
}

export interface Visits {
  count: number
  readonly since: Date
}

/** Plain objects and arrays; what changes in them is found when the session is saved. */
export interface Cart {
  readonly lines: CartLine[]
}

export interface CartLine {
  readonly article: string
  quantity: number
}

export interface Gift {
  wrapped: boolean
  readonly card: { text: string }
}
