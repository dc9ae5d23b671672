import type { Session } from 'coatcheck'
import type { Data } from '#lib/server/sessions.ts'

declare global {
  namespace App {
    interface Locals {
      session: Session<Data>
    }
  }
}
