/** Writes the API reference into `docs/api`, for a look at it without the site. */
import { show } from '../../scripts/workspace.ts'
import { generateApi } from './generate-api.ts'
import { API_DIR } from './settings.ts'

console.log(`${await generateApi()} exports in ${show(API_DIR)}`)
