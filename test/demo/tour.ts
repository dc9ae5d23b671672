/** A walk through every page, the same on every store. */
import assert from 'node:assert/strict'
import { linesOn, mainOf, textOf, visitor } from './visitor.ts'

/** What is different on some stores. */
export interface TourPlan {
  /** What the page says of the place: `Redis`. */
  readonly words: string
  /** The row with the record's name, in the table of the last page: `Key session:…`; undefined where there is none. */
  readonly record: ((id: string) => string) | undefined
  /** Look a record up with the store's own tool: true when it is there. */
  readonly exists?: (id: string) => Promise<boolean>
  /** The store can list the sessions of somebody. Default true. */
  readonly lists?: boolean
}

/** Upload, log in, count, fill the cart, find all of it where the page says, end it. */
export async function takeTheTour(url: string, { words, record, exists, lists = true }: TourPlan): Promise<void> {
  const someone = visitor(url)
  assert.match(textOf(await someone.get('/where')), /Nowhere: nothing is kept about you/)
  assert.equal((await someone.upload('one\ntwo\n', 'tour.txt')).status, 303)
  assert.equal((await someone.submit('/name', { name: 'Ada' })).status, 303)
  assert.match(textOf(await someone.get('/name')), /Welcome, Ada\..*Hello, Ada/)
  assert.match(textOf(await someone.get('/visits')), /1 visit Since/)
  for (const article of ['Coat', 'Coat', 'Hat']) await someone.submit('/cart', { article })
  await someone.submit('/cart/gift', { wrapped: 'on', text: 'for you' })

  const cart = await someone.get('/cart')
  assert.match(textOf(cart), /Coat × 2 .*Hat × 1 /)
  assert.match(cart.html, /name="wrapped" checked/)
  assert.match(cart.html, /value="for you"/)
  assert.deepEqual(linesOn(await someone.get('/upload')), ['one', 'two'])

  const where = textOf(await someone.get('/where'))
  assert.ok(where.includes(`In ${words}. Your browser holds`), where)
  assert.match(where, lists ? /Whose Ada / : /Whose Ada/)
  const [id = ''] = /[\da-f]{64}/.exec(where) ?? []
  if (record) assert.ok(where.includes(`${record(id)} Size `), where)
  else assert.equal(id, '')
  assert.match(where, /Size [\d,]+ bytes/)
  if (exists) assert.ok(await exists(id), 'the record has the name that the page says')

  // Ada in another browser: the button ends both, where the store can find hers.
  const elsewhere = visitor(url)
  await elsewhere.submit('/name', { name: 'Ada' })
  if (lists) assert.match(textOf(await someone.get('/where')), /Ada, who has 2 sessions/)
  assert.equal((await someone.submit('/where/end')).status, 303)
  assert.match(textOf(await someone.get('/where')), /Nowhere: /)
  assert.equal((await someone.get('/upload')).status, 404)
  assert.match(textOf(await elsewhere.get('/name')), lists ? /Who are you\?/ : /Hello, Ada/)
  if (exists) assert.ok(!(await exists(id)), 'the record is gone')
  assert.doesNotMatch(mainOf(await someone.get('/cart')), /Coat × /)
}
