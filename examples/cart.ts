/**
 * A cart that loses no click: `update()` reads, changes and saves in one step, however many requests come at once.
 *
 *     npm run example examples/cart.ts
 *     http://localhost:3000/ in a browser, in two tabs, clicking fast
 */
import express from 'express'
import { createSessions } from 'coatcheck'
import { session } from 'coatcheck/express'
import { page } from './parts/page.ts'
import { refuseOtherSites } from './parts/same-site.ts'

const PRODUCTS = new Map([
  ['umbrella', 'Umbrella'],
  ['hat', 'Hat & feather'],
])

// A Map comes back as a Map, on every store.
const sessions = createSessions<{ cart: Map<string, number> }>()
const app = express()
app.use(refuseOtherSites, session(sessions), express.urlencoded({ extended: false }))

app.get('/', (req, res) => {
  const { cart } = sessions.of(req).data
  res.send(page(VIEW, { products: [...PRODUCTS], cart: cart ?? new Map() }))
})
app.post('/add', async (req, res) => {
  const id = String(req.body.id)
  if (!PRODUCTS.has(id)) {
    res.status(404).send('There is no such thing here.')
    return
  }
  await sessions.of(req).update((data) => {
    data.cart ??= new Map()
    data.cart.set(id, (data.cart.get(id) ?? 0) + 1)
  })
  res.redirect(303, '/')
})
app.post('/empty', (req, res) => {
  delete sessions.of(req).data.cart // wins over an addition that is under way
  res.redirect(303, '/')
})
app.listen(3000)

const VIEW = `
<% for (const [id, name] of it.products) { %>
  <form method="post" action="/add">
    <input type="hidden" name="id" value="<%= id %>"> <%= name %>: <%= it.cart.get(id) ?? 0 %> <button>Add</button>
  </form>
<% } %>
<form method="post" action="/empty"><button>Empty the cart</button></form>`
