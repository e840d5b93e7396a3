/** Every step, oldest first. */
import type { Migration } from '../schema-parts.ts'
import { tables } from './0001-tables.ts'
import { views } from './0001-views.ts'
import { rollups } from './0002-rollups.ts'
import { rollupViews } from './0002-views.ts'

export const migrations: readonly Migration[] = [
  { version: 1, name: 'tables', sql: tables + views, oldestCode: 1 },
  { version: 2, name: 'rollups', sql: rollups + rollupViews, oldestCode: 1 },
]
