/** A thin client of the API: it shows clusters, sends feedback, starts fixes, and shows how far they are. It keeps nothing. */
const byId = (id) => document.getElementById(id)
const say = (text) => {
  byId('message').textContent = text
}
let token = ''

async function call(path, init = {}) {
  const response = await fetch(path, { ...init, headers: { authorization: `Bearer ${token}`, ...init.headers } })
  if (!response.ok) throw new Error(`${response.status}: ${(await response.json()).error}`)
  return response
}

function element(name, text, ...children) {
  const made = document.createElement(name)
  made.append(text, ...children)
  return made
}

function rowOf(cluster) {
  const button = element('button', 'Start fix')
  button.addEventListener('click', () => void startFix(cluster.id).catch((error) => say(error.message)))
  const link = cluster.prUrl === null ? '' : Object.assign(element('a', ' pull request'), { href: cluster.prUrl })
  const row = document.createElement('tr')
  const about = element('td', cluster.title, element('small', cluster.summary))
  row.append(element('td', String(cluster.size)), about, element('td', cluster.status, link), element('td', button))
  return row
}

async function show() {
  const { clusters } = await (await call('/clusters')).json()
  document.querySelector('tbody').replaceChildren(...clusters.map(rowOf))
  document.querySelector('table').hidden = false
  byId('feedback').hidden = false
}

/** EventSource sends no token, so the stream is read by hand. */
async function startFix(clusterId) {
  const { job } = await (await call(`/clusters/${clusterId}/fix`, { method: 'POST' })).json()
  const stream = await call(`/jobs/${job.id}`, { headers: { accept: 'text/event-stream' } })
  for await (const text of stream.body.pipeThrough(new TextDecoderStream())) {
    const [, message, percent] = /"message":"([^"]*)","percent":(\d+)/.exec(text) ?? []
    if (message !== undefined) say(`${percent} % ${message}`)
  }
  await show()
}

byId('token').addEventListener('submit', (event) => {
  event.preventDefault()
  token = new FormData(event.target).get('token')
  show().then(
    () => say(''),
    (error) => say(error.message),
  )
})
byId('feedback').addEventListener('submit', (event) => {
  event.preventDefault()
  const body = new URLSearchParams(new FormData(event.target))
  call('/ingest/manual', { method: 'POST', body }).then(
    () => {
      event.target.reset()
      say('Thank you.')
    },
    (error) => say(error.message),
  )
})
