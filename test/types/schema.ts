import type { StandardSchemaV1 } from '@standard-schema/spec'
import { type } from 'arktype'
import { createSessions, flash, login } from 'coatcheck'
import type { SchemaIssue, Session, Sessions, StandardSchema } from 'coatcheck'
import { withSession } from 'coatcheck/fetch'
import * as v from 'valibot'
import { z } from 'zod'
import { exactly } from './exact.ts'

const zod = z.object({
  visits: z.coerce.number().default(0),
  cart: z.array(z.object({ name: z.string() })).default([]),
  theme: z.enum(['dark', 'light']).optional(),
})
const valibot = v.object({
  visits: v.optional(v.pipe(v.union([v.number(), v.string()]), v.transform(Number)), 0),
  theme: v.optional(v.picklist(['dark', 'light'])),
})
const arktype = type({ visits: type('number | string.numeric.parse').default(0), 'theme?': "'dark' | 'light'" })

/** The output of the schema is the type of the data, and what has a default is there. */
export async function inferred(request: object): Promise<void> {
  const shop = createSessions({ schema: zod })
  const session = shop.of(request)
  exactly<z.output<typeof zod>>()(session.data)
  exactly<number>()(session.data.visits)
  exactly<{ name: string }[]>()(session.data.cart)
  exactly<'dark' | 'light' | undefined>()(session.data.theme)
  session.data.cart.push({ name: 'tea' })
  await session.update((data) => exactly<z.output<typeof zod>>()(data))
  delete session.data.theme
  // @ts-expect-error -- what has a default cannot be missing
  delete session.data.visits
  // @ts-expect-error -- not in the list
  session.data.theme = 'blue'

  exactly<v.InferOutput<typeof valibot>>()(createSessions({ schema: valibot }).of(request).data)
  exactly<number>()(createSessions({ schema: valibot }).of(request).data.visits)
  exactly<number>()(createSessions({ schema: arktype }).of(request).data.visits)
  exactly<'dark' | 'light' | undefined>()(createSessions({ schema: arktype }).of(request).data.theme)
}

/** What takes any session, or any sessions, takes these. */
export async function passedOn(request: object): Promise<void> {
  const shop = createSessions({ schema: zod })
  await login(shop.of(request), 'ada')
  flash(shop.of(request), 'info', 'Saved')
  const wide: Sessions<z.output<typeof zod>> = shop
  exactly<Partial<z.output<typeof zod>>>()(wide.of(request).data)
  const named: Session<z.output<typeof zod>, z.output<typeof zod>> = shop.of(request)
  exactly<number>()(named.data.visits)
  withSession(shop, (_, { data }) => {
    exactly<number>()(data.visits)
    return new Response(String(data.cart.length))
  })
}

export function policies(): void {
  createSessions({ schema: zod, onInvalid: 'drop', lifetime: '1h' })
  createSessions({
    schema: zod,
    onInvalid(data, issues) {
      exactly<Record<string, unknown>>()(data)
      exactly<readonly SchemaIssue[]>()(issues)
      return { visits: 0 }
    },
  })
  createSessions<{ visits: number }>({ schema: z.object({ visits: z.number().default(0) }) })
  // @ts-expect-error -- the schema gives another type than is said
  createSessions<{ visits: Date }>({ schema: zod })
  // @ts-expect-error -- no such policy
  createSessions({ schema: zod, onInvalid: 'ignore' })
  // @ts-expect-error -- without a schema nothing can be invalid
  createSessions({ onInvalid: 'drop' })
  // @ts-expect-error -- data is an object
  createSessions({ schema: z.string() })
  // @ts-expect-error -- no schema at all
  createSessions({ schema: { visits: 'number' } })
}

/** Our types of Standard Schema are those of its authors. */
export function standard<Output extends object>(theirs: StandardSchemaV1<unknown, Output>): StandardSchema<Output> {
  exactly<Sessions<Output, Output>>()(createSessions({ schema: theirs }))
  return theirs
}
