import { login, takeFlashes } from 'coatcheck'
import { Form, redirect } from 'react-router'
import type { Route } from './+types/home'
import { sessionContext } from '../sessions.server'

export function loader({ context }: Route.LoaderArgs) {
  const session = context.get(sessionContext)
  return {
    visits: session.data.visits ?? 0,
    owner: session.owner,
    notices: takeFlashes(session).map(({ message }) => message),
  }
}

export async function action({ request, context }: Route.ActionArgs): Promise<Response> {
  // Here a real application asks for more than a name.
  const form = await request.formData()
  await login(context.get(sessionContext), String(form.get('name')), { keep: ['visits'] })
  return redirect('/')
}

export default function Home({ loaderData: { visits, owner, notices } }: Route.ComponentProps) {
  return (
    <main>
      {notices.map((notice) => (
        <p key={notice} role="status">
          {notice}
        </p>
      ))}
      <p>{`Visits: ${visits}`}</p>
      <p>{owner === undefined ? 'Nobody is signed in' : `Signed in as ${owner}`}</p>
      <Form method="post" action="/?index">
        <label>
          Name <input name="name" required />
        </label>
        <button>Sign in</button>
      </Form>
      <Form method="post" action="/sign-out">
        <button>Sign out</button>
      </Form>
    </main>
  )
}
