import express from 'express'
import type { Request } from 'express'

/** Reads the fields of a plain form; larger ones are no forms of ours. */
export const readForm: ReturnType<typeof express.urlencoded> = express.urlencoded({ extended: false, limit: '20kb' })

/** A field, without blanks around it and cut to `longest` characters; empty when the form has none of this name. */
export function field(req: Request, name: string, longest: number): string {
  const fields: unknown = req.body
  if (typeof fields !== 'object' || fields === null || !Object.hasOwn(fields, name)) return ''
  const value: unknown = Reflect.get(fields, name)
  if (typeof value !== 'string') return ''
  return Array.from(
    value
      .toWellFormed()
      .replace(/\p{Cc}+/gu, ' ')
      .trim(),
  )
    .slice(0, longest)
    .join('')
}
