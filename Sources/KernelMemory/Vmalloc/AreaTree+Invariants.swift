extension AreaTree {
  /// Checks order, links, colours and sizes; gives the stretches in ascending order.
  ///
  /// - Parameter limit: the number of nodes there are, so that a circle ends.
  func checked(
    _ name: String, state: AreaNode.State, limit: Int
  ) throws(VmallocViolation) -> [AreaNode] {
    var found: [AreaNode] = []
    if root != 0, nodes[Int(root)].parent != 0 || nodes[Int(root)].isRed {
      throw VmallocViolation(.balance, "the root of the \(name) tree is red, or has a parent")
    }
    _ = try check(root, name, state, limit, &found)
    if found.count != count {
      throw VmallocViolation(
        .counts, "the \(name) tree counts \(count) stretches, but holds \(found.count)")
    }
    for (low, high) in zip(found, found.dropFirst()) where low.end > high.start {
      throw VmallocViolation(
        .order, "in the \(name) tree \(low.words) comes before \(high.words)")
    }
    return found
  }

  /// Gives the number of black nodes on each way down.
  private func check(
    _ index: UInt32, _ name: String, _ state: AreaNode.State, _ limit: Int,
    _ found: inout [AreaNode]
  ) throws(VmallocViolation) -> Int {
    if index == 0 { return 1 }
    let node = nodes[Int(index)]
    guard found.count <= limit else {
      throw VmallocViolation(.order, "the \(name) tree leads in a circle at \(node.words)")
    }
    for child in [node.left, node.right] where child != 0 && nodes[Int(child)].parent != index {
      throw VmallocViolation(
        .order,
        "in the \(name) tree \(nodes[Int(child)].words) does not point back to \(node.words)")
    }
    let left = try check(node.left, name, state, limit, &found)
    if node.state != state {
      throw VmallocViolation(
        .order, "\(node.words) in the \(name) tree is marked \(node.state), not \(state)")
    }
    found.append(node)
    let right = try check(node.right, name, state, limit, &found)
    let largest = max(
      node.size, max(nodes[Int(node.left)].subtreeMax, nodes[Int(node.right)].subtreeMax))
    if node.subtreeMax != largest {
      throw VmallocViolation(
        .augmentation,
        "in the \(name) tree \(node.words) says that the largest size below is \(node.subtreeMax), but "
          + "it is \(largest)")
    }
    if node.isRed, nodes[Int(node.left)].isRed || nodes[Int(node.right)].isRed {
      throw VmallocViolation(
        .balance, "in the \(name) tree \(node.words) is red and has a red child")
    }
    if left != right {
      throw VmallocViolation(
        .balance,
        "in the \(name) tree the ways down from \(node.words) pass \(left) and \(right) black nodes"
      )
    }
    return left + (node.isRed ? 0 : 1)
  }
}

extension AreaNode {
  var words: String { "\(VirtualAddress(start))-\(VirtualAddress(end))" }
}
