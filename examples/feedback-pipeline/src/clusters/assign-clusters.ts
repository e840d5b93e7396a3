/** Which item belongs to which cluster: each joins the nearest that is near enough, or founds one. */
import { cosine, toUnit, type Vector } from './embed.ts'

/** A cluster as the arithmetic sees it. */
export interface ClusterPoint {
  readonly id: string
  /** The sum of its members' vectors; its direction is the cluster's centre. */
  readonly sum: Vector
  readonly size: number
}

export interface ItemPoint {
  readonly id: string
  readonly vector: Vector
}

export interface Assignment {
  readonly itemId: string
  readonly clusterId: string
  /** To the centre as it was before the item came; 1 for a founder. */
  readonly similarity: number
}

export interface Assigned {
  readonly assignments: readonly Assignment[]
  /** Those that changed or are new, as they are now. */
  readonly changed: readonly ClusterPoint[]
}

export interface AssignOptions {
  /** 0–1: how near is near enough. */
  readonly threshold: number
  /** Ids of new clusters. */
  readonly newId: () => string
}

/** Items in the order in which they came: what was assigned stays where it is. */
export function assignClusters(known: readonly ClusterPoint[], items: readonly ItemPoint[], options: AssignOptions): Assigned {
  const clusters = new Map(known.map((cluster) => [cluster.id, cluster]))
  const centres = new Map(known.map(({ id, sum }) => [id, toUnit(sum)]))
  const changed = new Set<string>()
  const assignments = items.map(({ id: itemId, vector }): Assignment => {
    const nearest = nearestOf(centres, vector)
    const joins = nearest !== null && nearest.similarity >= options.threshold
    const clusterId = joins ? nearest.id : options.newId()
    const before = clusters.get(clusterId) ?? { id: clusterId, sum: vector.map(() => 0), size: 0 }
    const sum = before.sum.map((value, at) => value + (vector[at] ?? 0))
    clusters.set(clusterId, { id: clusterId, sum, size: before.size + 1 })
    centres.set(clusterId, toUnit(sum))
    changed.add(clusterId)
    return { itemId, clusterId, similarity: joins ? nearest.similarity : 1 }
  })
  return { assignments, changed: [...clusters.values()].filter(({ id }) => changed.has(id)) }
}

function nearestOf(centres: ReadonlyMap<string, Vector>, vector: Vector): { readonly id: string; readonly similarity: number } | null {
  let nearest: { readonly id: string; readonly similarity: number } | null = null
  for (const [id, centre] of centres) {
    const similarity = cosine(centre, vector)
    if (nearest === null || similarity > nearest.similarity) nearest = { id, similarity }
  }
  return nearest
}
