/** Keeps what a call must not give away out of its errors and results. */

/** Shorter ones would mask half of every text. */
const LEAST_CHARACTERS = 4
const MASK = '[redacted]'

/** Names of headers and of members of a query that carry secrets. */
const SECRET_NAME = /auth|token|secret|api-?_?key|password|passwd|credential|cookie|signature|session|key$|^sig$|^code$/i

/** Whether a header or a member of a query of this name is taken for a secret. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name)
}

/** What one call must not give away. */
export interface Secrets {
  /** Takes in a secret, and the parts of it that are secrets alone (`Bearer …`, `a=…; b=…`). */
  add(value: unknown): void
  /** The text without secrets, however they are encoded. */
  maskText(text: string): string
  /** A value as JSON knows it, its texts and names without secrets. */
  maskValue(value: unknown): unknown
}

export function createSecrets(): Secrets {
  const forms = new Set<string>()

  const maskText = (text: string): string => {
    let masked = text
    for (const form of [...forms].sort((a, b) => b.length - a.length)) masked = masked.replaceAll(form, MASK)
    return masked
  }

  return {
    add(value) {
      if (typeof value !== 'string' && typeof value !== 'number') return
      const whole = String(value)
      for (const part of new Set([whole, ...whole.split(/[\s;,]+/).map((one) => one.replace(/^[^=]*=(?=.)/, ''))])) {
        if (part.length < LEAST_CHARACTERS || SCHEMES.has(part.toLowerCase())) continue
        for (const form of formsOf(part)) forms.add(form)
      }
    },
    maskText,
    maskValue: (value) => (forms.size === 0 ? value : maskValue(value, maskText)),
  }
}

/**
 * Every text and number at a path of a payload, by the rules of `sensitive`: `*` is every member, and a name that meets a
 * list is looked for in each of its items.
 */
export function valuesAt(value: unknown, path: readonly string[]): readonly unknown[] {
  if (typeof value !== 'object' || value === null) return path.length === 0 ? [value] : []
  const [step, ...rest] = path
  if (step === undefined || step === '*') return Object.values(value).flatMap((member) => valuesAt(member, rest))
  if (Array.isArray(value) && !/^\d+$/.test(step)) return value.flatMap((item) => valuesAt(item, path))
  return Object.hasOwn(value, step) ? valuesAt(Reflect.get(value, step), rest) : []
}

/** Words that stand before a secret in a header. */
const SCHEMES: ReadonlySet<string> = new Set(['basic', 'bearer', 'digest', 'token', 'apikey', 'negotiate'])

function formsOf(secret: string): readonly string[] {
  return [
    secret,
    encodeURIComponent(secret),
    new URLSearchParams([['', secret]]).toString().slice(1),
    ...JSON_WRITERS.flatMap((write) => nested(secret, write)),
    Buffer.from(secret).toString('base64').replace(/=+$/, ''),
    Buffer.from(secret).toString('base64url'),
  ]
}

/** As JSON writes a text within its quotes: everything that may be plain is, nothing but ASCII, or with escaped slashes. */
const JSON_WRITERS: readonly ((text: string) => string)[] = [
  (text) => JSON.stringify(text).slice(1, -1),
  (text) => escaped(JSON.stringify(text).slice(1, -1)),
  (text) => escaped(JSON.stringify(text).slice(1, -1)).replaceAll('/', '\\/'),
]

function escaped(text: string): string {
  return text.replace(/[\u0080-\uFFFF]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** Endpoints give back the JSON that they got as a text within theirs. */
function nested(secret: string, write: (text: string) => string): readonly string[] {
  const once = write(secret)
  const twice = write(once)
  return [once, twice, write(twice)]
}

function maskValue(value: unknown, maskText: (text: string) => string): unknown {
  if (typeof value === 'string') return maskText(value)
  if (typeof value === 'number') return maskText(String(value)) === String(value) ? value : MASK
  if (Array.isArray(value)) return value.map((member) => maskValue(member, maskText))
  if (typeof value !== 'object' || value === null) return value
  // Dates and the like, which a schema may have made, say themselves what they are as JSON.
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [maskText(name), maskValue(member, maskText)]))
}
