/** The raw rows, as the load generator makes them and as tests count them. Instants are epoch ms, costs are micro-dollars. */

export type SpanType = 'WORKFLOW_RUN' | 'AGENT_RUN' | 'MODEL_GENERATION' | 'TOOL_EXECUTION'

export interface Span {
  readonly spanId: string
  readonly userId: string
  readonly entityType: 'workflow' | 'agent'
  readonly entityId: string
  readonly spanType: SpanType
  readonly status: 'running' | 'completed' | 'failed'
  readonly startedAt: number
  readonly durationMs: number | null
  readonly provider: string | null
  readonly model: string | null
  readonly inputTokens: number
  readonly outputTokens: number
  readonly costMicros: number
}

export interface Calculation {
  readonly id: string
  readonly createdAt: number
  readonly publisherId: string
  readonly source: 'web' | 'api' | 'widget'
  readonly cacheHit: boolean
  readonly failed: boolean
  readonly responseTimeMs: number
}
