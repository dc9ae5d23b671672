import { readSession } from '../lib/sessions'
import { renew, signIn, signOut } from './actions'

export default async function Page() {
  const { owner, data } = await readSession()
  return (
    <main>
      <p>{`Visits: ${data.visits ?? 0}`}</p>
      <p>{owner === undefined ? 'Nobody is signed in' : `Signed in as ${owner}`}</p>
      <form action={signIn}>
        <label>
          Name <input name="name" required />
        </label>
        <button>Sign in</button>
      </form>
      <form action={renew}>
        <button>New ID</button>
      </form>
      <form action={signOut}>
        <button>Sign out</button>
      </form>
    </main>
  )
}
