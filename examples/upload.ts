/**
 * An upload by a visitor who never signs in: the text is theirs alone, there after a restart, and gone by itself an
 * hour after their last visit.
 *
 *     npm run example examples/upload.ts
 *     curl -L -c jar -b jar -F file=@README.md http://localhost:3000/
 */
import express from 'express'
import type { NextFunction, Request, Response } from 'express'
import multer from 'multer'
import { createSessions } from 'coatcheck'
import { session } from 'coatcheck/express'
import { page } from './parts/page.ts'
import { refuseOtherSites } from './parts/same-site.ts'

const sessions = createSessions<{ file: { name: string; text: string } }>({ lifetime: '1h' })
// A session is read and written as a whole: keep large files elsewhere, under a name that is kept in the session.
const upload = multer({
  storage: multer.memoryStorage(),
  limits: { fileSize: 100_000, files: 1 },
  defParamCharset: 'utf8',
})
const app = express()
app.use(refuseOtherSites, session(sessions))

app.get('/', (req, res) => {
  const { file } = sessions.of(req).data
  res.send(page(VIEW, { file, lines: file?.text.split('\n').length }))
})
app.post('/', upload.single('file'), (req, res) => {
  if (req.file) sessions.of(req).data.file = { name: req.file.originalname, text: req.file.buffer.toString('utf8') }
  res.redirect(303, '/') // leaves once the file is stored, so that the next page has it
})
app.post('/forget', async (req, res) => {
  await sessions.of(req).destroy()
  res.redirect(303, '/')
})
app.use((error: unknown, _req: Request, res: Response, next: NextFunction) => {
  if (error instanceof multer.MulterError) res.status(413).send('One text file of at most 100 kB, please.')
  else next(error)
})
app.listen(3000)

const VIEW = `
<form method="post" enctype="multipart/form-data"><input type="file" name="file" required> <button>Upload</button></form>
<% if (it.file) { %>
  <h1><%= it.file.name %>: <%= it.lines %> lines</h1>
  <pre><%= it.file.text %></pre>
  <form method="post" action="/forget"><button>Forget it</button></form>
<% } %>`
