/// A request for pages whose mask has been looked at.
struct PageRequest {
  let order: Int
  /// As the scopes of the task leave it.
  let gfp: GFPFlags
  let type: MigrateType
  /// Index of the highest zone that may serve it.
  let highestZone: Int
  let cpu: CPU
}

extension Machine {
  @inline(never)
  @usableFromInline
  func allocateSlowly(order: Int, gfp asked: GFPFlags, cpu: CPU) throws(PageError) -> PageFrame? {
    guard (0...maxOrder).contains(order) else { throw .orderOutOfRange(order) }
    let gfp = cpu.context.applied(to: asked)
    let highest = routes[Int(gfp.rawValue & 0x1f)].highestZone
    if highest < 0 { throw contradiction(in: gfp) }
    do throws(ContextError) { try cpu.checkMayAllocate(gfp) } catch { throw .badContext(error) }
    if faultPoints.shouldFail(order: order, gfp: gfp) { return nil }

    let type = MigrateType(rawValue: Int(gfp.rawValue >> 3 & 3)) ?? .unmovable
    let request = PageRequest(
      order: order, gfp: gfp, type: type, highestZone: highest, cpu: cpu)
    defer { runKswapdAfterRequest(cpu: cpu) }
    var found = take(request, .lowWatermark)
    if found == nil { found = try takeUnderPressure(request) }
    if let found, gfp.contains(.zero) { clear(found, order: order) }
    return found
  }

  /// One walk over the zones (`get_page_from_freelist`).
  func take(_ request: PageRequest, _ flags: AllocationFlags) -> PageFrame? {
    let (order, highestZone) = (request.order, request.highestZone)
    for zone in zonelists[highestZone] {
      if !zone.isWatermarkMet(
        order: order, mark: zone.mark(.highWatermark), highestZone: highestZone, flags: flags)
      {
        zone.isBelowHigh = true
        if !flags.contains(.noWatermarks)
          && !zone.isWatermarkMet(
            order: order, mark: zone.mark(flags), highestZone: highestZone, flags: flags)
        {
          continue
        }
      }
      if let frame = fromZone(
        zone, order: order, type: request.type, flags: flags, cpu: request.cpu)
      {
        return frame
      }
    }
    return nil
  }

  private func contradiction(in gfp: GFPFlags) -> PageError {
    do throws(GFPMaskError) {
      _ = try gfp.highestZone(on: kind)
      return .badMask(.contradictoryMobility(gfp))
    } catch {
      return .badMask(error)
    }
  }
}
