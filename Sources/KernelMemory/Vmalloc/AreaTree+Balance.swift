/// Insertion and removal with rotations (`rb_insert_augmented`, `rb_erase_augmented`).
extension AreaTree {
  /// Adds a stretch that overlaps none in the tree. O(log n).
  mutating func insert(_ index: UInt32) {
    var (place, parent) = (root, UInt32(0))
    let start = nodes[Int(index)].start
    while place != 0 {
      parent = place
      place = start < nodes[Int(place)].start ? nodes[Int(place)].left : nodes[Int(place)].right
    }
    let node = nodes + Int(index)
    (node.pointee.left, node.pointee.right, node.pointee.parent) = (0, 0, parent)
    node.pointee.isRed = true
    if parent == 0 {
      root = index
    } else if start < nodes[Int(parent)].start {
      nodes[Int(parent)].left = index
    } else {
      nodes[Int(parent)].right = index
    }
    count += 1
    updateUpwards(from: index)
    repairInsertion(index)
  }

  /// Removes a stretch of the tree. O(log n).
  mutating func remove(_ index: UInt32) {
    let node = nodes[Int(index)]
    var removedRed = node.isRed
    let child: UInt32
    if node.left == 0 || node.right == 0 {
      child = node.left == 0 ? node.right : node.left
      replace(index, with: child)
    } else {
      // The next higher stretch takes the place.
      let heir = leftmost(node.right)
      removedRed = nodes[Int(heir)].isRed
      child = nodes[Int(heir)].right
      if nodes[Int(heir)].parent == index {
        nodes[Int(child)].parent = heir
      } else {
        replace(heir, with: child)
        nodes[Int(heir)].right = node.right
        nodes[Int(node.right)].parent = heir
      }
      replace(index, with: heir)
      nodes[Int(heir)].left = node.left
      nodes[Int(node.left)].parent = heir
      nodes[Int(heir)].isRed = node.isRed
    }
    count -= 1
    updateUpwards(from: nodes[Int(child)].parent)
    if !removedRed { repairRemoval(child) }
    // Node 0 served as a place to climb from.
    nodes[0].parent = 0
  }

  /// Puts `heir`, or nothing, where `index` hangs.
  private mutating func replace(_ index: UInt32, with heir: UInt32) {
    let parent = nodes[Int(index)].parent
    if parent == 0 {
      root = heir
    } else if nodes[Int(parent)].left == index {
      nodes[Int(parent)].left = heir
    } else {
      nodes[Int(parent)].right = heir
    }
    nodes[Int(heir)].parent = parent
  }

  private mutating func repairInsertion(_ inserted: UInt32) {
    var index = inserted
    while nodes[Int(nodes[Int(index)].parent)].isRed {
      var parent = nodes[Int(index)].parent
      let grandparent = nodes[Int(parent)].parent
      let isLeft = nodes[Int(grandparent)].left == parent
      let uncle = isLeft ? nodes[Int(grandparent)].right : nodes[Int(grandparent)].left
      if nodes[Int(uncle)].isRed {
        nodes[Int(parent)].isRed = false
        nodes[Int(uncle)].isRed = false
        nodes[Int(grandparent)].isRed = true
        index = grandparent
        continue
      }
      if index == (isLeft ? nodes[Int(parent)].right : nodes[Int(parent)].left) {
        rotate(parent, toLeft: isLeft)
        (index, parent) = (parent, index)
      }
      nodes[Int(parent)].isRed = false
      nodes[Int(grandparent)].isRed = true
      rotate(grandparent, toLeft: !isLeft)
    }
    nodes[Int(root)].isRed = false
  }

  private mutating func repairRemoval(_ child: UInt32) {
    var index = child
    while index != root, !nodes[Int(index)].isRed {
      let parent = nodes[Int(index)].parent
      let isLeft = nodes[Int(parent)].left == index
      var sibling = isLeft ? nodes[Int(parent)].right : nodes[Int(parent)].left
      if nodes[Int(sibling)].isRed {
        nodes[Int(sibling)].isRed = false
        nodes[Int(parent)].isRed = true
        rotate(parent, toLeft: isLeft)
        sibling = isLeft ? nodes[Int(parent)].right : nodes[Int(parent)].left
      }
      let near = isLeft ? nodes[Int(sibling)].left : nodes[Int(sibling)].right
      var far = isLeft ? nodes[Int(sibling)].right : nodes[Int(sibling)].left
      if !nodes[Int(near)].isRed, !nodes[Int(far)].isRed {
        nodes[Int(sibling)].isRed = true
        index = parent
        continue
      }
      if !nodes[Int(far)].isRed {
        nodes[Int(near)].isRed = false
        nodes[Int(sibling)].isRed = true
        rotate(sibling, toLeft: !isLeft)
        (far, sibling) = (sibling, near)
      }
      nodes[Int(sibling)].isRed = nodes[Int(parent)].isRed
      nodes[Int(parent)].isRed = false
      nodes[Int(far)].isRed = false
      rotate(parent, toLeft: isLeft)
      index = root
    }
    nodes[Int(index)].isRed = false
  }

  /// Turns a node down to the left, or the right; its other child comes up.
  private mutating func rotate(_ index: UInt32, toLeft: Bool) {
    let node = nodes + Int(index)
    let riser = toLeft ? node.pointee.right : node.pointee.left
    let inner = toLeft ? nodes[Int(riser)].left : nodes[Int(riser)].right
    if toLeft { node.pointee.right = inner } else { node.pointee.left = inner }
    // Not through node 0, whose parent is in use during a removal.
    if inner != 0 { nodes[Int(inner)].parent = index }
    replace(index, with: riser)
    if toLeft { nodes[Int(riser)].left = index } else { nodes[Int(riser)].right = index }
    node.pointee.parent = riser
    update(index)
    update(riser)
  }
}
