import Foundation

extension BenchSubject {
  /// Allocates `operations`' sizes and hands each object to the other thread, which frees it, as this one frees the
  /// other's. Every call of `operations` is an allocation.
  func performCrossed(
    _ operations: UnsafeBufferPointer<BenchOperation>, out: BenchRing, into: BenchRing
  ) -> BenchTally {
    let batch = 64
    var tally = BenchTally()
    var sent = 0
    var freed = 0
    while sent < operations.count || freed < operations.count {
      let count = min(batch, operations.count - sent, out.room)
      if count > 0 {
        out.put(count) { index in
          let operation = operations[sent + index]
          let handle = allocate(Int(operation.size), context)
          if handle == 0 {
            tally.unserved += 1
          } else {
            word(handle).pointee = Self.stamp(handle, operation.slot)
          }
          return BenchRing.Item(
            handle: handle, size: operation.size, slot: UInt32(operation.slot))
        }
        sent += count
      }
      let filled = min(into.filled, 2 * batch)
      if filled == 0 && count == 0 { sched_yield() }
      into.take(filled) { item in
        if item.handle == 0 { return }
        tally.damage |= word(item.handle).pointee ^ Self.stamp(item.handle, Int(item.slot))
        free(item.handle, Int(item.size), context)
      }
      freed += filled
    }
    return tally
  }
}
