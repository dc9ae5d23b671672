declare namespace App {
  interface Locals {
    session: import('coatcheck').Session<import('./lib/sessions').Data>
  }
}
