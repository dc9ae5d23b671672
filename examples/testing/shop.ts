/**
 * A small application that can be tested: it takes its sessions instead of making them, so that a test brings its own,
 * with a clock that it moves. `shop.test.ts` beside it is what this example is about.
 */
import express from 'express'
import type { Express } from 'express'
import { isFresh } from 'coatcheck'
import type { Sessions } from 'coatcheck'
import { session } from 'coatcheck/express'

export interface Visitor {
  cart: string[]
}

/** The shop's pages. */
export function shop(sessions: Sessions<Visitor>): Express {
  const app = express()
  app.use(session(sessions), express.urlencoded({ extended: false }))

  app.get('/cart', (req, res) => {
    res.json(sessions.of(req).data.cart ?? [])
  })
  app.post('/cart', async (req, res) => {
    await sessions.of(req).update((data) => {
      data.cart = [...(data.cart ?? []), String(req.body.item)]
    })
    res.redirect(303, '/cart')
  })
  app.get('/orders', (req, res) => {
    const { owner } = sessions.of(req)
    if (owner === undefined) res.sendStatus(401)
    else res.json({ orders: [], of: owner })
  })
  app.post('/orders', (req, res) => {
    res.sendStatus(isFresh(sessions.of(req), '10m') ? 201 : 401)
  })
  return app
}
