import { Router } from 'express'
import type { Cart } from '../data.ts'
import { field, readForm } from '../form.ts'
import type { Site } from '../site.ts'

/** What is in the shop. */
const ARTICLES: readonly string[] = ['Coat', 'Hat', 'Scarf', 'Umbrella']

const LONGEST_TEXT = 200

/** Objects in an array in an object, changed where they are: nothing needs to be marked as modified. */
export function cartPages({ session, show }: Site): Router {
  const pages = Router()
  pages.get('/cart', (req, res) => show(req, res, 'cart', { articles: ARTICLES, longest: LONGEST_TEXT }))

  // oxlint-disable-next-line oxc/no-async-endpoint-handlers -- Express 5 passes a rejection on by itself
  pages.post('/cart', readForm, async (req, res) => {
    const article = field(req, 'article', LONGEST_TEXT)
    const by = field(req, 'by', 2) === '-1' ? -1 : 1
    // As one step, so that two clicks add two, however close they are.
    if (ARTICLES.includes(article))
      await session(req).update((data) => change((data.cart ??= { lines: [] }), article, by))
    res.redirect(303, '/cart')
  })

  pages.post('/cart/gift', readForm, (req, res) => {
    const { data } = session(req)
    const gift = (data.gift ??= { wrapped: false, card: { text: '' } })
    gift.wrapped = field(req, 'wrapped', 2) === 'on'
    gift.card.text = field(req, 'text', LONGEST_TEXT)
    res.redirect(303, '/cart')
  })
  return pages
}

function change({ lines }: Cart, article: string, by: number): void {
  const index = lines.findIndex((line) => line.article === article)
  const line = lines[index]
  if (line === undefined) {
    if (by > 0) lines.push({ article, quantity: by })
    return
  }
  line.quantity += by
  if (line.quantity <= 0) lines.splice(index, 1)
}
