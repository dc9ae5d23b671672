/**
 * Mutants that no test can or should kill, and why. A survivor counts as argued when its file, the text it replaces
 * and its replacement are here.
 */
export interface Argued {
  readonly file: string
  /** The whole text that is replaced; where that is long, how it begins. */
  readonly was: string
  /** The whole text in its place, or how it begins; empty for any. */
  readonly becomes: string
  readonly why: string
}

export const argued: readonly Argued[] = [
  {
    file: 'src/options/options-lifetime.ts',
    was: "'absoluteLifetime'",
    becomes: '""',
    why: 'the name is for the error of a malformed duration, and this one is written here',
  },
  {
    file: 'src/cookie/cookie.ts',
    was: 'domain === undefined',
    becomes: 'false',
    why: 'the `cookie` package takes undefined for absent; its types do not',
  },
  {
    file: 'src/cookie/cookie.ts',
    was: 'priority === undefined',
    becomes: 'false',
    why: 'the `cookie` package takes undefined for absent; its types do not',
  },
  {
    file: 'src/cookie/cookie-header.ts',
    was: 'start < end',
    becomes: '',
    why: 'a semicolon or the end of the header stops it as well, and a slice that ends before it starts is empty',
  },
  {
    file: 'src/cookie/cookie-header.ts',
    was: 'end > start',
    becomes: '',
    why: 'only blanks lie further back than the start of an empty value, and a slice that ends before it starts is empty',
  },
  {
    file: 'src/cookie/cookie-mark.ts',
    was: 'notes?.[NOTE] === cookie.mark',
    becomes: 'false',
    why: 'the long way comes to the same notes; it only copies them',
  },
  {
    file: 'src/cookie/cookie-mark.ts',
    was: 'notes === undefined',
    becomes: 'false',
    why: 'a head whose notes are undefined is written as one without',
  },
  {
    file: 'src/record/grace.ts',
    was: "old.token === ''",
    becomes: 'false',
    why: 'no key made of no token opens anything: this only saves the attempt',
  },
  {
    file: 'src/record/grace.ts',
    was: "''",
    becomes: '',
    why: 'the same: it only decides whether the attempt is made',
  },
  {
    file: 'src/record/grace.ts',
    was: '{\n    // Not sealed for this token',
    becomes: '{}',
    why: 'a function that returns nothing returns undefined',
  },
  {
    file: 'src/record/grace.ts',
    was: 'false',
    becomes: 'true',
    why: 'whether a key could be exported shows nowhere, since it never leaves its function',
  },
  {
    file: 'src/record/record.ts',
    was: 'Number(fields.v) > 1',
    becomes: 'Number(fields.v) >= 1',
    why: '1 has been told apart one line before',
  },
  {
    file: 'src/record/record.ts',
    was: "''",
    becomes: '',
    why: 'only shown when no key has a line, and then the head alone is too large',
  },
  {
    file: 'src/record/record.ts',
    was: 'line.length > size',
    becomes: 'line.length >= size',
    why: 'of two keys that are equally large either may be named',
  },
  {
    file: 'src/cookie/token.ts',
    was: "typeof id === 'string'",
    becomes: 'true',
    why: 'Node hashes at once; runtimes that hash later run the same cases: npm run test:runtimes',
  },
  {
    file: 'src/cookie/token.ts',
    was: '(hash) => ({ token, id: hash })',
    becomes: '',
    why: 'the same',
  },
  {
    file: 'src/cookie/token.ts',
    was: '{ token, id: hash }',
    becomes: '',
    why: 'the same',
  },
  {
    file: 'src/backend/compare-and-set.ts',
    was: "!('missing' in reading) || !reading.successor",
    becomes: 'false',
    why: 'a live record has no grace, and a grace that leads to no ID opens nothing: the third condition is enough',
  },
  {
    file: 'src/backend/compare-and-set.ts',
    was: "'unreadable'",
    becomes: '""',
    why: 'whoever reads again asks only whether the session moved on',
  },
  {
    file: 'src/record/codec-refusal.ts',
    was: 'value === null',
    becomes: 'false',
    why: 'null can be stored, and is never asked about: the condition is there for the types',
  },
  {
    file: 'src/record/codec-tags.ts',
    was: 'false',
    becomes: 'true',
    why: 'it only saves the walk through a line that has no tags: the walk would change nothing',
  },
  {
    file: 'src/record/codec-tags.ts',
    was: 'isObject(item)',
    becomes: 'true',
    why: 'it only saves a call that would give the same item back',
  },
  {
    file: 'src/record/codec-tags.ts',
    was: "'{'",
    becomes: '""',
    why: 'more is counted then, and more walked: it only costs',
  },
  {
    file: 'src/record/codec-tags.ts',
    was: 'revived !== field',
    becomes: 'true',
    why: 'puts back what is there',
  },
  {
    file: 'src/record/codec-walk.ts',
    was: "typeof field === 'boolean'",
    becomes: 'false',
    why: 'a way round a call that comes to the same',
  },
  {
    file: 'src/record/codec-walk.ts',
    was: "typeof field === 'number'",
    becomes: "typeof field !== 'number'",
    why: 'a way round a call that comes to the same',
  },
  {
    file: 'src/backend/record-writer.ts',
    was: 'from?.head',
    becomes: 'from.head',
    why: 'without a record before, the condition to its left is true',
  },
  {
    file: 'src/backend/backend-store.ts',
    was: "'then'",
    becomes: '""',
    why: 'Node hashes at once; runtimes that hash later run the same cases: npm run test:runtimes',
  },
  {
    file: 'src/backend/backend-store.ts',
    was: "action === 'regenerate'",
    becomes: 'true',
    why: 'a session that is being moved has no other action',
  },
  {
    file: 'src/cookie/clear-site-data.ts',
    was: "typeof kind !== 'string'",
    becomes: 'false',
    why: 'what is no text is not in the list of known texts either; the condition is there for the types',
  },
  {
    file: 'src/stores/file-format.ts',
    was: "''",
    becomes: '"Stryker',
    why: 'a line that matches has all its groups: the default is there for the types',
  },
  {
    file: 'src/stores/file-format.ts',
    was: 'ownerBytes > 99_999_999',
    becomes: 'ownerBytes >= 99_999_999',
    why: 'an owner of a hundred million bytes, less one: an owner is a name, and making that one would cost every test run a second',
  },
  {
    file: 'src/stores/file-layout.ts',
    was: "error instanceof Error && 'code' in error",
    becomes: 'true',
    why: 'what node:fs rejects with is an error with a code: the condition is there for the types',
  },
  {
    file: 'src/stores/file.ts',
    was: '!published',
    becomes: 'true',
    why: 'a temporary file that has got its name is not there any more: only a system call is saved',
  },
  {
    file: 'src/stores/file.ts',
    was: 'closed',
    becomes: 'false',
    why: 'leaving a second time finds nothing to take away',
  },
  {
    file: 'src/stores/file-record.ts',
    was: 'announced >= length',
    becomes: 'true',
    why: 'a file that is longer than it says is torn whether or not it is read to its end',
  },
  {
    file: 'src/stores/file-breaker.ts',
    was: "holder !== 'unreadable'",
    becomes: 'true',
    why: 'the standing of what is no owner is unknown, never gone: the condition is there for the types',
  },
  {
    file: 'src/stores/file-owner.ts',
    was: "'utf8'",
    becomes: '',
    why: 'a pattern reads bytes as UTF-8, too',
  },
  {
    file: 'src/stores/file-sweep.ts',
    was: "holder !== 'unreadable'",
    becomes: 'true',
    why: 'the standing of what is no owner is unknown: the condition is there for the types',
  },
  {
    file: 'src/stores/file-sweep.ts',
    was: "'unreadable'",
    becomes: '""',
    why: 'the same',
  },
]
