print("kmem")
