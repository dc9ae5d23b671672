/**
 * A worker at the edge, with no database: the session travels encrypted in the cookie, 4 kB at most. Nothing of Node is
 * imported, and `export default { fetch }` is what workerd, Deno and Bun take.
 *
 *     export SESSION_KEY=$(openssl rand -base64 32)     # a secret: `wrangler secret put SESSION_KEY`
 *     npm run example examples/parts/serve-worker.ts    # Node in the part of the platform
 *     curl -c jar -b jar -d colour=teal http://localhost:3000/ && curl -b jar http://localhost:3000/
 */
import { createSessions } from 'coatcheck'
import { withSession } from 'coatcheck/fetch'
import { cookieStore } from 'coatcheck/stores/cookie'

interface Env {
  readonly SESSION_KEY: string
  /** For http://localhost alone. There is no NODE_ENV here that would tell. */
  readonly INSECURE?: string
}

const COLOURS = ['teal', 'plum']

/** Workers are told their secrets with the first request. */
function site({ SESSION_KEY, INSECURE }: Env): (request: Request) => Promise<Response> {
  const sessions = createSessions<{ colour: string }>({
    store: cookieStore({ keys: [SESSION_KEY] }),
    cookie: { secure: INSECURE === undefined },
  })

  return withSession(sessions, async (request, { data }) => {
    if (request.method === 'POST') {
      const origin = request.headers.get('origin')
      // Another website's form, see parts/same-site.ts.
      if (origin !== null && origin !== new URL(request.url).origin) return new Response('No.', { status: 403 })
      const form = await request.formData()
      const colour = COLOURS.find((each) => each === form.get('colour'))
      if (colour === undefined) return new Response('There is no such colour.', { status: 400 })
      data.colour = colour
    }
    return new Response(`Your colour is ${data.colour ?? 'grey'}`)
  })
}

let serve: ReturnType<typeof site> | undefined

export default {
  fetch(request: Request, env: Env): Promise<Response> {
    serve ??= site(env)
    return serve(request)
  },
}
