/** What is set for each agent of each project. */
import * as z from 'zod'
import { AGENT_NAMES, type AgentName } from './agents.ts'

export const settingsSchema = z.strictObject({
  /** `disabled` does nothing; the others say how much of the approval is left to people. */
  autonomousMode: z.enum(['disabled', 'suggest', 'auto_approve', 'auto_publish']),
  frequencyHours: z.int().min(1).max(168),
  /** None of the four scores may be below. */
  minConfidenceScore: z.number().min(0).max(1).default(0.5),
  maxPerRun: z.int().min(1).max(20),
  /** Before something similar may be suggested again. */
  cooldownHours: z.int().min(0).max(8_760),
  scheduleActive: z.boolean().default(true),
})

export type AgentSettings = z.output<typeof settingsSchema>

/** An agent of a project: the key of its schedule and of its runs. */
export interface Assignment {
  readonly projectId: string
  readonly agent: AgentName
}

export const assignmentSchema: z.ZodObject<{ projectId: z.ZodUUID; agent: z.ZodEnum<{ [N in AgentName]: N }> }> = z.object({
  projectId: z.uuid(),
  agent: z.enum(AGENT_NAMES),
})

export function keyOf({ projectId, agent }: Assignment): string {
  return `${projectId}/${agent}`
}
