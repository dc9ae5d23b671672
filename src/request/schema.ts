/**
 * What is used of a schema by Standard Schema, version 1 (https://standardschema.dev): zod, valibot, arktype and others
 * speak it. The types are written out here, because they are all that a dependency would bring.
 */
export interface StandardSchema<Output = unknown> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined
  }
}

/** What a schema answers: the value as it shall be, or what is wrong with it. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] }

/** One thing that does not fit. */
export interface SchemaIssue {
  /** In the words of the schema's library; some quote the value. */
  readonly message: string
  /** Where, from the top-level key of the data on. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** Options for data that is checked when it is loaded and before it is saved; `docs/validation.md` has the rules. */
export interface SchemaOptions<Output extends object = object> {
  /**
   * What the data of a session looks like, by any library of Standard Schema, and so the type of `session.data`. It must
   * take `{}`, since every session begins empty: each key is optional or has a default. It may answer by a promise.
   */
  readonly schema: StandardSchema<Output>
  /**
   * What becomes of stored data that does not fit: `'error'` (default: opening rejects with `invalid_data`), `'drop'`
   * (the keys that do not fit are left out), or a function that returns data that does, or nothing for an empty session.
   */
  readonly onInvalid?: 'error' | 'drop' | MigrateData
}

/** Makes stored data fit: the result is checked like what was stored. May be asynchronous; what it throws is passed on. */
export type MigrateData = (data: Record<string, unknown>, issues: readonly SchemaIssue[]) => unknown
