/**
 * Two apps, two processes, one store: what a visitor told one of them the other knows, too.
 *
 *     npm run example examples/two-apps.ts account     # in one terminal: http://localhost:3001/
 *     npm run example examples/two-apps.ts shop        # in another: http://localhost:3000/ knows the name
 *
 * Both use the same store and the same cookie. On two hosts, set SESSION_STORE=redis://… or another server, and
 * `cookie: { domain: 'example.org' }` if they are shop.example.org and account.example.org.
 */
import express from 'express'
import { createSessions } from 'coatcheck'
import { session } from 'coatcheck/express'
import { openStore } from 'coatcheck/stores'
import { page } from './parts/page.ts'
import { refuseOtherSites } from './parts/same-site.ts'

interface Visitor {
  name: string // set by account
  items: number // set by shop; neither overwrites the other's key
}

const store = await openStore(process.env['SESSION_STORE'] ?? 'file:.sessions')
const sessions = createSessions<Visitor>({ store })

const account = express()
account.use(refuseOtherSites, session(sessions), express.urlencoded({ extended: false }))
account.get('/', (req, res) => {
  const { name, items } = sessions.of(req).data
  const view = '<form method="post"><input name="name" value="<%= it.name %>"> <button>Save</button></form>'
  res.send(page(`${view}<p>Bought: <%= it.items %></p>`, { name: name ?? '', items: items ?? 0 }))
})
account.post('/', (req, res) => {
  sessions.of(req).data.name = String(req.body.name).slice(0, 100)
  res.redirect(303, '/')
})

const shop = express()
shop.use(refuseOtherSites, session(sessions))
shop.get('/', (req, res) => {
  const { name, items } = sessions.of(req).data
  const view = '<p>Hello <%= it.name %></p><form method="post">Bought: <%= it.items %> <button>Buy</button></form>'
  res.send(page(view, { name: name ?? 'stranger', items: items ?? 0 }))
})
shop.post('/', async (req, res) => {
  await sessions.of(req).update((data) => {
    data.items = (data.items ?? 0) + 1
  })
  res.redirect(303, '/')
})

if (process.argv[2] === 'account') account.listen(3001)
else shop.listen(3000)
