/// A red-black tree of address stretches, ordered by address; each node knows the largest size in its subtree.
///
/// The shape is that of Linux's `lib/rbtree.c` after the same insertions and removals, because a search for the
/// lowest fit may depend on it (see ``lowestFit(size:align:from:padded:)``). Source: `free_vmap_area_root`.
struct AreaTree {
  let nodes: UnsafeMutablePointer<AreaNode>
  var root: UInt32 = 0
  var count = 0

  init(_ nodes: UnsafeMutablePointer<AreaNode>) { self.nodes = nodes }

  // MARK: Questions

  /// The stretch that holds an address, or 0. O(log n).
  func containing(_ address: UInt64) -> UInt32 {
    let index = atOrBelow(address)
    return index != 0 && address < nodes[Int(index)].end ? index : 0
  }

  /// The stretch with the highest start that is not above an address, or 0. O(log n).
  func atOrBelow(_ address: UInt64) -> UInt32 {
    var (index, found) = (root, UInt32(0))
    while index != 0 {
      let node = nodes + Int(index)
      if node.pointee.start <= address {
        found = index
        index = node.pointee.right
      } else {
        index = node.pointee.left
      }
    }
    return found
  }

  /// The lowest stretch, or 0. O(log n).
  var first: UInt32 { root == 0 ? 0 : leftmost(root) }

  /// The highest stretch, or 0. O(log n).
  var last: UInt32 {
    var index = root
    while index != 0, nodes[Int(index)].right != 0 { index = nodes[Int(index)].right }
    return index
  }

  /// The next higher stretch, or 0. O(log n), O(1) on average.
  func next(_ index: UInt32) -> UInt32 {
    let right = nodes[Int(index)].right
    if right != 0 { return leftmost(right) }
    var (child, parent) = (index, nodes[Int(index)].parent)
    while parent != 0, nodes[Int(parent)].right == child {
      (child, parent) = (parent, nodes[Int(parent)].parent)
    }
    return parent
  }

  /// The next lower stretch, or 0. O(log n), O(1) on average.
  func previous(_ index: UInt32) -> UInt32 {
    var (child, parent) = (nodes[Int(index)].left, nodes[Int(index)].parent)
    if child != 0 {
      while nodes[Int(child)].right != 0 { child = nodes[Int(child)].right }
      return child
    }
    child = index
    while parent != 0, nodes[Int(parent)].left == child {
      (child, parent) = (parent, nodes[Int(parent)].parent)
    }
    return parent
  }

  func leftmost(_ index: UInt32) -> UInt32 {
    var index = index
    while nodes[Int(index)].left != 0 { index = nodes[Int(index)].left }
    return index
  }

  /// The stretch from which Linux would cut `size` bytes at a multiple of `align`, not below `from`; or 0.
  ///
  /// Source: `find_vmap_lowest_match`. A subtree is entered only when its largest stretch holds the size and the
  /// worst padding, so the search is logarithmic, but may pass over a lower and smaller stretch in which the
  /// request happens to fit without padding. O(log n).
  /// - Parameter padded: whether to look for room for the padding; false when any stretch of `size` will do.
  func lowestFit(size: UInt64, align: UInt64, from: UInt64, padded: Bool) -> UInt32 {
    let length = padded ? size &+ align &- 1 : size
    var from = from
    var index = root
    while index != 0 {
      let node = nodes + Int(index)
      if nodes[Int(node.pointee.left)].subtreeMax >= length, from < node.pointee.start {
        index = node.pointee.left
        continue
      }
      if fits(index, size: size, align: align, from: from) { return index }
      if nodes[Int(node.pointee.right)].subtreeMax >= length {
        index = node.pointee.right
        continue
      }
      // Neither here nor below: climb to the first ancestor that fits, or has a subtree above all this.
      var up = node.pointee.parent
      index = 0
      while up != 0 {
        if fits(up, size: size, align: align, from: from) { return up }
        let right = nodes[Int(up)].right
        if nodes[Int(right)].subtreeMax >= length, from <= nodes[Int(up)].start {
          // From there on nothing below counts any more, so that the search ends.
          from = nodes[Int(up)].start + 1
          index = right
          break
        }
        up = nodes[Int(up)].parent
      }
    }
    return 0
  }

  private func fits(_ index: UInt32, size: UInt64, align: UInt64, from: UInt64) -> Bool {
    let node = nodes + Int(index)
    guard let start = roundedUp(max(node.pointee.start, from), to: align) else { return false }
    let (end, overflow) = start.addingReportingOverflow(size)
    return !overflow && end <= node.pointee.end
  }

  // MARK: Sizes

  /// Computes a node's largest size from its own and its children's.
  func update(_ index: UInt32) {
    let node = nodes + Int(index)
    node.pointee.subtreeMax = max(
      node.pointee.size,
      max(
        nodes[Int(node.pointee.left)].subtreeMax, nodes[Int(node.pointee.right)].subtreeMax))
  }

  /// Does so for a node whose size or children changed, and for all above it. O(log n).
  func updateUpwards(from index: UInt32) {
    var index = index
    while index != 0 {
      update(index)
      index = nodes[Int(index)].parent
    }
  }
}
