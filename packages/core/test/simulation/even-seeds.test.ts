import { describe } from 'vitest'
import { itKeepsEveryPromise } from './seeds.ts'

describe('simulation', () => itKeepsEveryPromise('even'))
