/** Entry `@quarterjack/adapter-http`: targets out. */

// Targets.
export { HttpError } from './target/http-error.ts'
